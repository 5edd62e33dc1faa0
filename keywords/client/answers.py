"""Answers as a whole: whose they are, when and by which model they were made, and how their bytes came."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.engine.openai import envelope
from keywords.engine.openai.answer import Answer
from keywords.engine.openai.stream import StreamedAnswer
from keywords.run import target
from keywords.run.assertions import verify_no_defects


@library(scope="SUITE", doc_format="MARKDOWN")
class AnswersLibrary:
    """Check what surrounds the text of plain and streamed answers."""

    @keyword
    def ids_should_be_unique(self, *answers: Answer | StreamedAnswer) -> None:
        """Verify that each answer has an id, and no other answer the same one.

        Raises:
            AssertionError: with every id that two answers share.

        ```robotframework
        ${one} =    Ask    Say hello.
        ${other} =    Ask    Say hello.
        Ids Should Be Unique    ${one}    ${other}
        ```
        """
        verify_no_defects("Answers cannot be told apart", envelope.repeated_id_defects(answers))
        logger.info(f"{len(answers)} answers have ids of their own")

    @keyword
    def created_should_be_now(self, answer: Answer | StreamedAnswer, tolerance_s: float) -> None:
        """Verify that an answer, or each event of a stream, was created now, in seconds since 1970.

        Args:
            answer: the answer.
            tolerance_s: how far the server's clock may be from this machine's, in seconds.

        Raises:
            AssertionError: with every other time.

        ```robotframework
        ${answer} =    Ask    Say hello.
        Created Should Be Now    ${answer}    tolerance_s=86400
        ```
        """
        verify_no_defects("Not created now", envelope.created_defects(answer, tolerance_s))

    @keyword
    def model_should_be_the_one_asked_for(self, answer: Answer | StreamedAnswer) -> None:
        """Verify that an answer, or each event of a stream, names the row's model, or a version of it.

        Raises:
            AssertionError: with every other model.

        ```robotframework
        ${answer} =    Ask    Say hello.
        Model Should Be The One Asked For    ${answer}
        ```
        """
        verify_no_defects("Another model", envelope.model_defects(answer, target.client().model))

    @keyword
    def stream_should_be_one_answer(self, stream: StreamedAnswer) -> None:
        """Verify that all events of a stream have the same id, creation time and model.

        Raises:
            AssertionError: with every field that changes.

        ```robotframework
        ${stream} =    Stream Chat    Count to five.
        Stream Should Be One Answer    ${stream}
        ```
        """
        verify_no_defects("Not one answer", envelope.one_answer_defects(stream))

    @keyword
    def body_should_be_utf8(self, answer: Answer | StreamedAnswer) -> None:
        """Verify the bytes of an answer: UTF-8 without a byte order mark, as many as the header says.

        The content type must be that of what was asked for: `text/event-stream` of a stream, else `application/json`.

        Raises:
            AssertionError: with every defect.

        ```robotframework
        ${answer} =    Ask    Say hello.
        Body Should Be Utf8    ${answer}
        ```
        """
        verify_no_defects("Not the body that was asked for", envelope.encoding_defects(answer.exchange))
