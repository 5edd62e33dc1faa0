"""Tool calls in plain and streamed answers."""

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.engine.openai.tool_calls import tool_calls
from keywords.run.assertions import verify


@library(scope="SUITE", doc_format="MARKDOWN")
class ToolsLibrary:
    """Offer tools to the model and check its tool calls."""

    @keyword
    def describe_tool(self, name: str, *parameters: str) -> dict[str, object]:
        """A tool as a request offers it.

        Args:
            name: name of the function.
            parameters: names of its parameters, all of them texts.

        ```robotframework
        ${tool} =    Describe Tool    get_weather    city
        ${answer} =    Ask    Is it raining in Oslo?    tool=${tool}
        ```
        """
        schema = {"type": "object", "properties": {parameter: {"type": "string"} for parameter in parameters}}
        return {"type": "function", "function": {"name": name, "parameters": schema}}

    @keyword
    def get_tool_calls(
        self,
        answer: Answer | StreamedAnswer,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: str | None = None,
        message: str | None = None,
    ) -> str:
        """The tool calls of the first choice, one line each: the name, a space, the arguments as JSON with sorted keys.

        Raises:
            AssertionError: the comparison failed, or a call is incomplete.

        ```robotframework
        Get Tool Calls    ${answer}    ==    get_weather {"city": "Oslo"}
        ```
        """
        try:
            calls = tool_calls(answer)
        except ValueError as error:
            raise AssertionError(f"The answer's calls of tools are not whole: {error}") from error
        text = "\n".join(map(str, calls))
        logger.info(text)
        return verify(text, assertion_operator, assertion_expected, "The calls of tools", message)
