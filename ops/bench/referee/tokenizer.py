"""Writes a Hugging Face tokenizer from a GGUF file's own vocabulary.

    python tokenizer.py MODEL.gguf FOLDER

AIPerf loads a tokenizer even where it takes the server's token counts, and there is none to download offline. It runs
in AIPerf's environment, so it imports nothing of this project.
"""

import json
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers


def main() -> None:
    """Read the vocabulary and the merges of the byte-pair encoding, and write both files."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    fields = GGUFReader(source).fields
    words = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(line.split(" ")) for line in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {
        name: words[int(fields[f"tokenizer.ggml.{name}_token_id"].contents())]
        for name in ("bos", "eos")
        if f"tokenizer.ggml.{name}_token_id" in fields
    }
    configuration = {"tokenizer_class": "PreTrainedTokenizerFast"} | {f"{k}_token": v for k, v in names.items()}
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration), "utf-8")


if __name__ == "__main__":
    main()
