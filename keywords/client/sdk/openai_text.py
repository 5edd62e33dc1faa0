"""Text completions and embeddings with the official `openai` package."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.sdk.openai import SdkAnswer, openai_client, plain_answer, streamed_answer


@library(scope="SUITE", doc_format="MARKDOWN")
class OpenAISdkTextLibrary:
    """Use `client.completions` and `client.embeddings` of the `openai` package.

    `Get OpenAI Text` and `Get OpenAI Usage` of `OpenAISdkLibrary` check the answers.
    """

    @keyword
    def openai_complete(self, prompt: str, *, temperature: float = 1, max_tokens: int = 16) -> SdkAnswer:
        """Continue a prompt with `client.completions.create`.

        Args:
            prompt: the prompt.
            temperature: 0 to 2.
            max_tokens: upper bound of the completion, in tokens.

        Raises:
            openai.APIError: as the package raises it.

        ```robotframework
        ${answer} =    OpenAI Complete    Once upon a time    temperature=0
        ```
        """
        with openai_client() as (sdk, model):
            answer = sdk.completions.create(model=model, prompt=prompt, temperature=temperature, max_tokens=max_tokens)
        return plain_answer(answer, answer.choices[0].text)

    @keyword
    def openai_stream_completion(self, prompt: str, *, temperature: float = 1, max_tokens: int = 16) -> SdkAnswer:
        """Continue a prompt with `client.completions.create(stream=True)` and request the usage.

        Args:
            prompt: the prompt.
            temperature: 0 to 2.
            max_tokens: upper bound of the completion, in tokens.

        Raises:
            openai.APIError: as the package raises it.

        ```robotframework
        ${answer} =    OpenAI Stream Completion    Once upon a time    temperature=0
        ```
        """
        with openai_client() as (sdk, model):
            chunks = list(
                sdk.completions.create(
                    model=model,
                    prompt=prompt,
                    temperature=temperature,
                    max_tokens=max_tokens,
                    stream=True,
                    stream_options={"include_usage": True},
                )
            )
        return streamed_answer(chunks, lambda choice: choice.text)

    @keyword
    def openai_embed(self, *texts: str) -> list[list[float]]:
        """Get the vectors of texts with `client.embeddings.create`, which requests base64 and unpacks it.

        Returns:
            One vector for each text, in their order.

        Raises:
            openai.APIError: as the package raises it.

        ```robotframework
        ${vectors} =    OpenAI Embed    A cat.    A dog.
        ```
        """
        with openai_client() as (sdk, model):
            answer = sdk.embeddings.create(model=model, input=list(texts))
        vectors = [entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index)]
        logger.info(f"{len(vectors)} vectors, {answer.usage.prompt_tokens} tokens")
        return vectors
