"""The real `openai` package as a client of the gateway, beyond chat: text completions and embeddings."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from keywords.client.sdk.connection import SdkAnswer, logged, sdk_client, usage_of


@library(scope="SUITE", doc_format="MARKDOWN")
class OpenAISdkTextLibrary:
    """What a user of the `openai` package gets from the gateway for `client.completions` and `client.embeddings`.

    Answers are looked at with `Get OpenAI Text` and `Get OpenAI Usage` of `OpenAISdkLibrary`.
    """

    @keyword
    def openai_complete(self, prompt: str, *, temperature: float = 1, max_tokens: int = 16) -> SdkAnswer:
        """Continue a prompt with `client.completions.create`.

        Args:
            prompt: the prompt.
            temperature: 0 to 2.
            max_tokens: upper bound of the completion, in tokens.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        ${answer} =    OpenAI Complete    Once upon a time    temperature=0
        ```
        """
        with sdk_client() as (sdk, model):
            made = sdk.completions.create(model=model, prompt=prompt, temperature=temperature, max_tokens=max_tokens)
        choice = made.choices[0]
        return logged(SdkAnswer(choice.text, choice.finish_reason, usage_of(made.usage), made.model))

    @keyword
    def openai_stream_completion(self, prompt: str, *, temperature: float = 1, max_tokens: int = 16) -> SdkAnswer:
        """Continue a prompt with `client.completions.create(stream=True)` and ask for usage.

        Args:
            prompt: the prompt.
            temperature: 0 to 2.
            max_tokens: upper bound of the completion, in tokens.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        ${answer} =    OpenAI Stream Completion    Once upon a time    temperature=0
        ```
        """
        with sdk_client() as (sdk, model):
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
        choices = [choice for chunk in chunks for choice in chunk.choices]
        return logged(
            SdkAnswer(
                text="".join(choice.text for choice in choices),
                finish_reason=next((choice.finish_reason for choice in choices if choice.finish_reason), None),
                usage=usage_of(next((chunk.usage for chunk in reversed(chunks) if chunk.usage), None)),
                model=chunks[0].model if chunks else "",
                chunks=len(chunks),
            )
        )

    @keyword
    def openai_embed(self, *texts: str) -> list[list[float]]:
        """Turn texts into vectors with `client.embeddings.create`, which asks for base64 and unpacks it by itself.

        Returns:
            One vector for each text, in their order.

        Raises:
            openai.APIError: whatever the package raises.

        ```robotframework
        ${vectors} =    OpenAI Embed    A cat.    A dog.
        ```
        """
        with sdk_client() as (sdk, model):
            made = sdk.embeddings.create(model=model, input=list(texts))
        vectors = [entry.embedding for entry in sorted(made.data, key=lambda entry: entry.index)]
        logger.info(f"{len(vectors)} vectors, {made.usage.prompt_tokens} tokens")
        return vectors
