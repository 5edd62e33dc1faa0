"""Weights that are made worse: by how much, in which matrices, and with everything else as it was."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

from ops.bench.calibration.weights import add_noise, requantise

Q4_1 = GGMLQuantizationType.Q4_1


@pytest.fixture
def base(tmp_path):
    path, random = tmp_path / "base.gguf", np.random.default_rng(1)
    writer = GGUFWriter(path, "llama")
    writer.add_string("general.name", "tiny")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    weights = random.standard_normal((64, 64), dtype=np.float32)
    writer.add_tensor("blk.0.ffn_up.weight", quantize(weights, Q4_1), raw_dtype=Q4_1)
    writer.add_tensor("output_norm.weight", np.ones(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path):
    return {one.name: (one.tensor_type.name, dequantize(one.data, one.tensor_type)) for one in GGUFReader(path).tensors}


def error(path, base):
    """Of the matrix, in its standard deviations."""
    (_, changed), (_, original) = tensors(path)["blk.0.ffn_up.weight"], tensors(base)["blk.0.ffn_up.weight"]
    return float((changed - original).std() / original.std())


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_noise_is_as_large_as_asked_for(base, tmp_path, noise):
    add_noise(base, tmp_path / "noisy.gguf", noise, seed=1)
    assert error(tmp_path / "noisy.gguf", base) == pytest.approx(noise, rel=0.1)


def test_each_seed_has_noise_of_its_own_and_always_the_same(base, tmp_path):
    paths = [tmp_path / f"{number}.gguf" for number in range(3)]
    for path, seed in zip(paths, [1, 1, 2], strict=True):
        add_noise(base, path, 0.1, seed)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again
    assert first != other


def test_requantising_is_a_small_error(base, tmp_path):
    requantise(base, tmp_path / "q4_0.gguf")
    assert tensors(tmp_path / "q4_0.gguf")["blk.0.ffn_up.weight"][0] == "Q4_0"
    assert 0.01 < error(tmp_path / "q4_0.gguf", base) < 0.15


def test_all_else_stays(base, tmp_path):
    requantise(base, tmp_path / "q4_0.gguf")
    kind, norm = tensors(tmp_path / "q4_0.gguf")["output_norm.weight"]
    assert kind == "F32"
    assert (norm == 1).all()
    fields = GGUFReader(tmp_path / "q4_0.gguf").fields
    assert fields["general.name"].contents() == "tiny"
    assert fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]
