package dev.graft.training;

import dev.graft.model.BaseWeights;
import dev.graft.weights.BitsAndBytesFormat;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Single tensors that bitsandbytes has quantised, {@code <name>.source} each, quantised here again:
 * every byte of every stored tensor, and every number computed back from them, must be equal.
 */
final class QuantisedTensors {
  private static final String FILE = "tensors.safetensors";

  private final SafetensorsFile file;
  private final Set<String> unseen;

  private QuantisedTensors(SafetensorsFile file) {
    this.file = file;
    this.unseen = new HashSet<>(file.names());
  }

  static boolean isIn(Path directory) {
    return Files.isRegularFile(directory.resolve(FILE));
  }

  static GoldenResult compare(Path directory) {
    try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(FILE))) {
      return new QuantisedTensors(file).compare(directory.getFileName().toString());
    }
  }

  /** The base of a run, quantised here, against the layers that bitsandbytes has quantised. */
  static void compareBase(GoldenCase golden, ModelDirectory base, GoldenResult.Collector result) {
    if (golden.quantization() == null) return;
    BaseWeights weights = new BaseWeights(base, golden.quantization());
    Path path = golden.directory().resolve("quantized.safetensors");
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      QuantisedTensors expected = new QuantisedTensors(file);
      List<String> wrong = new ArrayList<>();
      for (ModelConfig.Parameter each : base.config().parameters()) {
        if (!(weights.stored(each) instanceof FourBitTensor weight)) continue;
        expected.compare(BitsAndBytesFormat.tensors(each.name(), weight), wrong);
        String module = each.name().substring(0, each.name().lastIndexOf('.'));
        float[] numbers = expected.find(module + ".dequantized").toFloats();
        if (!Arrays.equals(numbers, weight.toFloats())) wrong.add(module + ".dequantized");
      }
      wrong.addAll(expected.unseen);
      result.require(wrong.isEmpty() ? "quantized" : "quantized" + wrong, wrong.isEmpty());
    }
  }

  private GoldenResult compare(String name) {
    GoldenResult.Collector result = new GoldenResult.Collector();
    for (String source : file.names()) {
      if (!source.endsWith(".source")) continue;
      unseen.remove(source);
      String tensor = source.substring(0, source.length() - ".source".length());
      List<String> wrong = new ArrayList<>();
      compare(tensor, wrong);
      result.require(wrong.isEmpty() ? tensor : tensor + wrong, wrong.isEmpty());
    }
    result.require(unseen.isEmpty() ? "names" : "names" + unseen, unseen.isEmpty());
    return new GoldenResult(name, result.measures(), null);
  }

  private void compare(String tensor, List<String> wrong) {
    MappedTensor source = find(tensor + ".source");
    for (FourBitType type : FourBitType.values()) {
      for (boolean nested : new boolean[] {false, true}) {
        String key = tensor + "." + type.quantType() + (nested ? "-double" : "");
        if (file.find(key + ".weight") == null) continue;
        FourBitTensor weight = FourBitTensor.quantise(source, type, nested);
        compare(BitsAndBytesFormat.tensors(key + ".weight", weight), wrong);
        float[] expected = find(key + ".dequantized").toFloats();
        if (!Arrays.equals(expected, weight.toFloats())) wrong.add(key + ".dequantized");
      }
    }
    Int8Tensor rows = Int8Tensor.quantise(source);
    compare(BitsAndBytesFormat.tensors(tensor + ".int8.weight", rows), wrong);
  }

  private void compare(List<NamedTensor> ours, List<String> wrong) {
    for (NamedTensor each : ours) {
      MappedTensor theirs = find(each.name());
      boolean equal =
          theirs.dtype() == each.dtype()
              && Arrays.equals(theirs.shape(), each.shape())
              && Arrays.equals(theirs.named().toBytes(), each.toBytes());
      if (!equal) wrong.add(each.name());
    }
  }

  private MappedTensor find(String name) {
    MappedTensor found = file.find(name);
    if (found == null) throw new IllegalArgumentException(FILE + " lacks " + name);
    unseen.remove(name);
    return found;
  }
}
