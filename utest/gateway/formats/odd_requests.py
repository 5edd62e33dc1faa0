"""Strategies for requests that are odd, and often legal: each field has usual values and, now and then, any JSON."""

from hypothesis import strategies as st

_TEXTS = st.sampled_from(["", " ", "\n", "hi", "\x00", "é\U0001f600", "<|im_end|>", "null", "{}", "[1", '{"a":1e400}'])
_NUMBERS = st.one_of(
    st.integers(-3, 3), st.sampled_from([0.0, 0.5, 1e22, -1.5, 2**31, 2**63, 2**64, 10**30, 1e308, 1e-320])
)
_LEAVES = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_ANY = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=6
)


def _mostly(usual):
    """The usual values, and once in a hundred any JSON."""
    return st.integers(0, 99).flatmap(lambda number: usual if number else _ANY)


def _of(*values):
    return st.sampled_from(values)


def _object(required=None, **optional):
    """An object with the required fields and up to three others, each of which may be odd, or unknown."""
    required = {
        name: values if name in {"type", "role"} else _mostly(values) for name, values in (required or {}).items()
    }
    optional = {name: _mostly(values) for name, values in optional.items()}
    optional |= {"x_unknown": _ANY, "cache_control": _of(None, {"type": "ephemeral"})}
    names = st.lists(_of(*optional), max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries(required | {name: optional[name] for name in chosen}))


def _list(items):
    return st.lists(_mostly(items), min_size=1, max_size=3)


_PNG = "data:image/png;base64,iVBORw0KGgo="
_IDS = _of("a", "b", "functions.f:0", "", "call|1", "é")
_NAMES = _of("f", "g", "", "a b", "x" * 70)
_SCHEMAS = st.one_of(
    _of({}, {"type": "object"}, {"type": "object", "properties": {"a": {"type": "integer", "maximum": 2**64}}}, None),
    _ANY,
)

# OpenAI's chat.
_TEXT_PART = _object({"type": _of("text"), "text": _TEXTS})
_PARTS = st.one_of(
    _TEXT_PART,
    _object({"type": _of("image_url"), "image_url": _object({"url": _of(_PNG, "https://x/y.png", "")}, detail=_TEXTS)}),
    _object({"type": _of("input_audio"), "input_audio": _object({"data": _TEXTS, "format": _of("wav")})}),
    _object({"type": _of("file"), "file": _object(file_data=_TEXTS, file_id=_TEXTS, filename=_TEXTS)}),
    _object({"type": _of("refusal"), "refusal": _TEXTS}),
    _object({"type": _of("thinking", "document", "tool_use", "x")}, text=_TEXTS),
)
_CONTENT = st.one_of(_TEXTS, _list(_PARTS), _list(_TEXT_PART))
_CALLS = _object(
    {"id": _IDS, "type": _of("function", "custom")},
    function=_object({"name": _NAMES, "arguments": st.one_of(_TEXTS, _of('{"a":1}', r'{"a":"\ud83d"}'))}),
    custom=_object(name=_NAMES, input=_TEXTS),
)
_CHAT_MESSAGES = st.one_of(
    _object({"role": _of("user", "system", "developer"), "content": _CONTENT}, name=_NAMES),
    _object(
        {"role": _of("assistant")},
        content=st.one_of(st.none(), _CONTENT),
        tool_calls=st.one_of(st.none(), _list(_CALLS)),
        refusal=st.one_of(st.none(), _TEXTS),
        function_call=_object(name=_NAMES, arguments=_TEXTS),
        audio=_object(id=_TEXTS),
        reasoning=_TEXTS,
        reasoning_content=_TEXTS,
        thinking_blocks=_list(_object(type=_of("thinking", "redacted_thinking"), thinking=_TEXTS, signature=_TEXTS)),
    ),
    _object({"role": _of("tool"), "content": _CONTENT, "tool_call_id": _IDS}),
    _object({"role": _of("function"), "content": _TEXTS, "name": _NAMES}),
)
_FUNCTIONS = _object({"name": _NAMES}, description=_TEXTS, parameters=_SCHEMAS, strict=st.none() | st.booleans())
CHAT = _object(
    {"messages": st.lists(_mostly(_CHAT_MESSAGES), min_size=1, max_size=5)},
    max_tokens=_NUMBERS,
    max_completion_tokens=_NUMBERS,
    temperature=_NUMBERS,
    top_p=_NUMBERS,
    top_k=_NUMBERS,
    n=_of(1, 2),
    seed=_NUMBERS,
    stop=st.one_of(_TEXTS, _list(_TEXTS)),
    stream=st.booleans(),
    stream_options=_object(include_usage=st.booleans()),
    tools=_list(
        st.one_of(_object({"type": _of("function"), "function": _FUNCTIONS}), _object(type=_of("custom", "x")))
    ),
    tool_choice=st.one_of(
        _of("auto", "none", "required"), _object({"type": _of("function")}, function=_object(name=_NAMES))
    ),
    parallel_tool_calls=st.booleans(),
    functions=_list(_FUNCTIONS),
    response_format=_object(
        {"type": _of("text", "json_object", "json_schema", "x")},
        json_schema=_object({"name": _NAMES}, schema=_SCHEMAS, strict=st.booleans()),
    ),
    logprobs=st.booleans(),
    top_logprobs=_NUMBERS,
    logit_bias=st.dictionaries(_TEXTS, _NUMBERS, max_size=2),
    reasoning_effort=_of("none", "low", "high", "", None),
    thinking=_object(type=_of("enabled", "disabled"), budget_tokens=_NUMBERS),
    metadata=_ANY,
    user=_TEXTS,
    modalities=_list(_of("text", "audio")),
    audio=_ANY,
    prediction=_object(type=_of("content"), content=_CONTENT),
    service_tier=_TEXTS | _ANY,
    keep_alive=_LEAVES,
    options=_ANY,
)

# Anthropic's Messages.
_TEXT_BLOCK = _object({"type": _of("text"), "text": _TEXTS}, citations=st.one_of(st.none(), _ANY))
_SOURCES = st.one_of(
    _object({"type": _of("base64"), "media_type": _of("image/png", "application/pdf"), "data": _TEXTS}),
    _object({"type": _of("url"), "url": _of("https://x/y.png", "")}),
    _object({"type": _of("text"), "media_type": _of("text/plain"), "data": _TEXTS}),
    _object({"type": _of("content"), "content": st.one_of(_TEXTS, _list(_TEXT_BLOCK))}),
    _object({"type": _of("file", "x")}, file_id=_TEXTS),
)
_MEDIA = _object({"type": _of("image", "document"), "source": _SOURCES}, title=_TEXTS, context=_TEXTS)
_BLOCKS = st.one_of(
    _TEXT_BLOCK,
    _MEDIA,
    _object({"type": _of("tool_use"), "id": _IDS, "name": _NAMES, "input": st.dictionaries(_TEXTS, _ANY, max_size=2)}),
    _object(
        {"type": _of("tool_result"), "tool_use_id": _IDS},
        content=st.one_of(_TEXTS, _list(st.one_of(_TEXT_BLOCK, _MEDIA))),
        is_error=st.booleans(),
    ),
    _object({"type": _of("thinking"), "thinking": _TEXTS, "signature": _TEXTS}),
    _object({"type": _of("redacted_thinking"), "data": _TEXTS}),
    _object({"type": _of("server_tool_use"), "id": _IDS, "name": _NAMES, "input": _ANY}),
    _object({"type": _of("search_result", "container_upload", "web_search_tool_result", "x")}, content=_ANY),
)
MESSAGES = _object(
    {
        "max_tokens": _of(1, 100, 5000),
        "messages": st.lists(
            _mostly(
                _object({"role": _of("user", "assistant", "system"), "content": st.one_of(_TEXTS, _list(_BLOCKS))})
            ),
            min_size=1,
            max_size=5,
        ),
    },
    system=st.one_of(_TEXTS, _list(_TEXT_BLOCK)),
    stop_sequences=_list(_TEXTS),
    stream=st.booleans(),
    temperature=_NUMBERS,
    top_k=_NUMBERS,
    top_p=_NUMBERS,
    tools=_list(
        st.one_of(
            _object({"name": _NAMES, "input_schema": _SCHEMAS}, type=_of("custom", None), description=_TEXTS),
            _object({"type": _of("web_search_20250305", "bash_20250124", "x"), "name": _NAMES}),
        )
    ),
    tool_choice=_object(
        {"type": _of("auto", "any", "tool", "none")}, name=_NAMES, disable_parallel_tool_use=st.booleans()
    ),
    thinking=_object({"type": _of("enabled", "disabled", "adaptive")}, budget_tokens=_of(1024, 2**64), display=_TEXTS),
    metadata=_object(user_id=_TEXTS),
    output_config=_object(format=_object(type=_of("json_schema"), schema=_SCHEMAS), effort=_of("low", "max")),
    output_format=_object(type=_of("json_schema"), schema=_SCHEMAS),
    mcp_servers=_ANY,
    container=_TEXTS,
    context_management=_ANY,
    service_tier=_of("auto", "standard_only"),
)
