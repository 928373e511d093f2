package dev.graft.training.export;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The result of full fine-tuning: a whole Hugging Face checkpoint directory. */
public final class FullModelDirectory {
  private FullModelDirectory() {}

  /** Element type of the written weights. */
  public enum Precision {
    /** Each tensor as the base model stores it, rounded to nearest even. */
    AS_BASE,
    F32
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param trained every parameter in f32 under its Hugging Face name
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      List<NamedTensor> trained,
      Precision precision,
      Map<String, String> facts) {
    Map<String, NamedTensor> byName = new HashMap<>();
    trained.forEach(tensor -> byName.put(tensor.name(), tensor));
    List<TensorInfo> layout = new ArrayList<>();
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (!byName.containsKey(each.name())) {
        throw new IllegalArgumentException("parameter " + each.name() + " is not given");
      }
      Dtype stored = base.weights().require(each.name(), each.shape()).dtype();
      Dtype dtype = precision == Precision.F32 ? Dtype.F32 : stored;
      layout.add(new TensorInfo(each.name(), dtype, each.shape()));
    }
    ResultFiles.create(directory);
    ResultFiles.write(directory.resolve("config.json"), config(base, precision));
    SafetensorsWriter.write(
        directory.resolve("model.safetensors"),
        layout,
        SafetensorsWriter.PYTORCH,
        info -> bytes(info, byName));
    ResultFiles.write(directory.resolve("README.md"), ModelCard.checkpoint(baseModelName, facts));
    ResultFiles.copyCompanions(base, directory);
  }

  private static MemorySegment bytes(TensorInfo info, Map<String, NamedTensor> trained) {
    NamedTensor tensor = trained.get(info.name());
    if (tensor == null || tensor.dtype() != Dtype.F32) {
      throw new IllegalArgumentException("parameter " + info.name() + " is not given in f32");
    }
    MemorySegment floats = MemorySegment.ofBuffer(tensor.data().duplicate());
    return info.dtype() == Dtype.F32 ? floats : HalfPrecision.narrow(floats, info.dtype());
  }

  /** The base's own text; only the type that {@code from_pretrained} would load may change. */
  private static String config(ModelDirectory base, Precision precision) {
    try {
      String text = Files.readString(base.path().resolve("config.json"));
      return precision == Precision.F32
          ? text.replaceAll("(\"(?:torch_)?dtype\"\\s*:\\s*)\"\\w+\"", "$1\"float32\"")
          : text;
    } catch (IOException e) {
      throw new UncheckedIOException("config.json cannot be read", e);
    }
  }
}
