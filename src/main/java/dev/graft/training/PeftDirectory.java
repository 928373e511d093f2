package dev.graft.training;

import dev.graft.spec.AdapterMethod;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.Task;
import dev.graft.weights.WrittenConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes the result of a run with one of PEFT's methods as PEFT's {@code save_pretrained} does;
 * {@code peft}, vLLM, SGLang and llama.cpp load it. {@link dev.graft.weights.SavedAdapter} reads it
 * back.
 */
final class PeftDirectory {
  private PeftDirectory() {}

  /**
   * Writes configuration, factors, model card and the base's tokenizer files; for a classification
   * also {@code config.json} with the names of the classes.
   *
   * @param directory created if necessary; files of the same names are replaced
   * @param baseModelName {@code base_model_name_or_path}, a name rather than a path of this machine
   * @param saved f32 tensors by PEFT's names, as {@link dev.graft.model.TrainableModel#saved} gives
   *     them, in the order of the file
   * @param facts rows of the model card in their order; without times, so that equal runs give
   *     equal bytes
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod method,
      List<NamedTensor> saved,
      Map<String, String> facts) {
    write(directory, base, baseModelName, method, saved, Map.of(), facts);
  }

  /**
   * Writes the result of a method whose training determines settings of its configuration.
   *
   * @param learned those settings
   */
  static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod method,
      List<NamedTensor> saved,
      Map<String, Object> learned,
      Map<String, String> facts) {
    ResultFormat.create(directory);
    ResultFormat.write(
        directory.resolve("adapter_config.json"),
        AdapterConfigFile.json(method, base, baseModelName, learned));
    if (base.config().task() instanceof Task.SequenceClassification) {
      ResultFormat.write(directory.resolve("config.json"), WrittenConfig.of(base, false));
    }
    SafetensorsWriter.write(directory.resolve("adapter_model.safetensors"), saved);
    ResultFormat.write(
        directory.resolve("README.md"), ModelCard.adapter(base, baseModelName, method, facts));
    ResultFormat.copyCompanions(base, directory);
  }
}
