package dev.graft.training.export;

import dev.graft.spec.AdapterMethod;
import dev.graft.training.tuner.Tuner;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The result of a LoRA run, as PEFT's {@code save_pretrained} writes it; {@code peft}, vLLM, SGLang
 * and llama.cpp load it. {@link dev.graft.weights.LoraAdapter} reads it back.
 */
public final class PeftDirectory {
  private PeftDirectory() {}

  /**
   * Writes configuration, factors, model card and the base's tokenizer files.
   *
   * @param directory created if need be; files of the same names are replaced
   * @param baseModelName {@code base_model_name_or_path}, a name rather than a path of this machine
   * @param saved f32 factors by PEFT's names, such as {@code
   *     base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight}, in the order they shall
   *     have
   * @param facts rows of the model card in their order; no times, if equal runs shall give equal
   *     bytes
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod.Lora lora,
      List<NamedTensor> saved,
      Map<String, String> facts) {
    checkNames(lora, base.config(), saved);
    String config = AdapterConfig.json(lora, base.config(), baseModelName);
    write(directory, base, baseModelName, config, saved, facts);
  }

  /**
   * Writes the result of a method with virtual tokens.
   *
   * @param saved {@code prompt_embeddings}
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod.Prompted method,
      List<NamedTensor> saved,
      Map<String, String> facts) {
    String config = PromptConfig.json(method, base.config(), baseModelName);
    write(directory, base, baseModelName, config, saved, facts);
  }

  private static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      String config,
      List<NamedTensor> saved,
      Map<String, String> facts) {
    ResultFiles.create(directory);
    ResultFiles.write(directory.resolve("adapter_config.json"), config);
    SafetensorsWriter.write(directory.resolve("adapter_model.safetensors"), saved);
    ResultFiles.write(directory.resolve("README.md"), ModelCard.adapter(baseModelName, facts));
    ResultFiles.copyCompanions(base, directory);
  }

  /** PEFT ignores names it does not know and leaves missing factors as they start: check here. */
  private static void checkNames(
      AdapterMethod.Lora lora, ModelConfig base, List<NamedTensor> saved) {
    Set<String> expected = new HashSet<>();
    for (ModelConfig.Linear linear : LinearTargets.select(lora.targetModules(), base)) {
      expected.add(Tuner.PEFT_PREFIX + linear.path() + ".lora_A.weight");
      expected.add(Tuner.PEFT_PREFIX + linear.path() + ".lora_B.weight");
    }
    Set<String> given = new HashSet<>();
    saved.forEach(tensor -> given.add(tensor.name()));
    if (!given.equals(expected)) {
      throw new IllegalArgumentException(
          "the trained tensors are not the factors that target_modules asks for: %d given, %d expected"
              .formatted(given.size(), expected.size()));
    }
  }
}
