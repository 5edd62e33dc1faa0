"""The control tokens of well-known families of models, as their chat templates write them.

Sources: `tokenizer_config.json` and the chat templates of the models on huggingface.co; `src/llama-chat.cpp` and
`src/llama-vocab.cpp` of llama.cpp. Reserved and unused tokens are left out: they open nothing.
"""

# ruff: file-ignore[RUF001]
# DeepSeek's tokens contain a full-width bar.

from collections.abc import Iterable

FAMILIES = {
    family: tuple(tokens.split())
    for family, tokens in {
        # Qwen, SmolLM, Yi, Hermes and many more.
        "chatml": """
            <|im_start|> <|im_end|> <|im_sep|> <|endoftext|> <|endofprompt|> <|startoftext|>
            <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> <|quad_start|> <|quad_end|>
            <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> <|audio_start|> <|audio_end|>
            <tool_call> </tool_call> <tool_response> </tool_response>
        """,
        "llama2": "<s> </s> <unk> [INST] [/INST] <<SYS>> <</SYS>>",
        # Llama 3 and 4.
        "llama3": """
            <|begin_of_text|> <|end_of_text|> <|start_header_id|> <|end_header_id|> <|eot_id|> <|eom_id|>
            <|python_tag|> <|python_start|> <|python_end|> <|finetune_right_pad_id|> <|image|>
            <|header_start|> <|header_end|> <|eot|> <|eom|> <|step|> <|image_start|> <|image_end|>
        """,
        "mistral": """
            <s> </s> <unk> [INST] [/INST] [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS]
            [TOOL_CALLS] [TOOL_RESULTS] [/TOOL_RESULTS] [TOOL_CONTENT] [CALL_ID] [ARGS] [IMG] [IMG_BREAK] [IMG_END]
            [AUDIO] [BEGIN_AUDIO] [PREFIX] [MIDDLE] [SUFFIX] [MODEL_SETTINGS] [/MODEL_SETTINGS] [THINK] [/THINK]
        """,
        "gemma": """
            <bos> <eos> <pad> <unk> <start_of_turn> <end_of_turn> <start_of_image> <end_of_image> <image_soft_token>
            <|turn> <turn|> <|channel> <channel|> <|tool> <tool|> <|tool_call> <tool_call|>
            <|tool_response> <tool_response|> <|think|>
        """,
        # Phi; Zephyr and GLM write the same.
        "phi": """
            <|system|> <|user|> <|assistant|> <|end|> <|tool|> <|/tool|> <|tool_call|> <|/tool_call|>
            <|tool_response|> <|observation|> [gMASK] [sMASK] <sop> <eop>
        """,
        "deepseek": """
            <｜begin▁of▁sentence｜> <｜end▁of▁sentence｜> <｜▁pad▁｜> <｜User｜> <｜Assistant｜> <|EOT|>
            <｜tool▁calls▁begin｜> <｜tool▁calls▁end｜> <｜tool▁call▁begin｜> <｜tool▁call▁end｜> <｜tool▁sep｜>
            <｜tool▁outputs▁begin｜> <｜tool▁outputs▁end｜> <｜tool▁output▁begin｜> <｜tool▁output▁end｜>
        """,
        # OpenAI's open models.
        "harmony": """
            <|start|> <|end|> <|message|> <|channel|> <|constrain|> <|call|> <|return|> <|startoftext|> <|endoftext|>
        """,
        "command": """
            <BOS_TOKEN> <EOS_TOKEN> <PAD> <UNK> <|START_OF_TURN_TOKEN|> <|END_OF_TURN_TOKEN|>
            <|SYSTEM_TOKEN|> <|USER_TOKEN|> <|CHATBOT_TOKEN|> <|START_RESPONSE|> <|END_RESPONSE|>
            <|START_ACTION|> <|END_ACTION|> <|START_TOOL_RESULT|> <|END_TOOL_RESULT|>
            <|START_THINKING|> <|END_THINKING|> <|START_TEXT|> <|END_TEXT|>
        """,
        "granite": "<|start_of_role|> <|end_of_role|> <|end_of_text|> <|tool_call|>",
        # llama.cpp's own marker of an image in a prompt.
        "media": "<__media__>",
    }.items()
}


def tokens_of(names: Iterable[str]) -> frozenset[str]:
    """The tokens of the named families; a name of no family is a token itself."""
    return frozenset(token for name in names for token in FAMILIES.get(name, (name,)))
