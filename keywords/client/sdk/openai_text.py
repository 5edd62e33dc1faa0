"""Text completions and embeddings with the official `openai` package."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.sdk.openai import openai_client
from keywords.client.sdk.openai_answer import SdkAnswer, plain_answer, streamed_answer, text_of_completion
from keywords.client.sdk.reading import part


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
        return plain_answer(answer, text_of_completion)

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
        return streamed_answer(chunks, text_of_completion)

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
        entries = part(answer, "data", list, "data of the answer")
        places = [part(entry, "index", int, f"data[{number}].index") for number, entry in enumerate(entries)]
        vectors = [part(entry, "embedding", list, f"data[{number}].embedding") for number, entry in enumerate(entries)]
        vectors = [vector for _, vector in sorted(zip(places, vectors, strict=True), key=lambda pair: pair[0])]
        logger.info(f"{len(vectors)} vectors, usage: {getattr(answer, 'usage', None)}")
        return vectors
