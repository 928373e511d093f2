package dev.graft.weights;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A LoRA adapter in a PEFT directory, read as hostile input: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}. What would change the arithmetic and is not built is refused by its
 * field. Closing unmaps the factors.
 */
public final class LoraAdapter implements AutoCloseable {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PREFIX = "base_model.model.";

  /** Fields that say where the adapter came from, or only select what the tensors show anyway. */
  private static final Set<String> HARMLESS =
      Set.of(
          "peft_type",
          "r",
          "lora_alpha",
          "lora_dropout",
          "target_modules",
          "exclude_modules",
          "layers_to_transform",
          "layers_pattern",
          "init_lora_weights",
          "bias",
          "task_type",
          "peft_version",
          "base_model_name_or_path",
          "revision",
          "inference_mode",
          "auto_mapping",
          "loftq_config",
          "eva_config",
          "corda_config",
          "megatron_config",
          "megatron_core",
          "qalora_group_size",
          "runtime_config",
          "ensure_weight_tying");

  /** Initialisations that leave a changed base behind; such adapters fit only that one. */
  private static final List<String> CHANGES_BASE =
      List.of("pissa", "olora", "loftq", "corda", "lora_ga", "mica");

  /**
   * The low-rank update {@code scale * B A} of one linear layer.
   *
   * @param a (r, in)
   * @param b (out, r)
   */
  public record Factors(MappedTensor a, MappedTensor b) {}

  private final int r;
  private final double loraAlpha;
  private final Map<String, Factors> factors;
  private final SafetensorsFile file;

  private LoraAdapter(int r, double loraAlpha, Map<String, Factors> factors, SafetensorsFile file) {
    this.r = r;
    this.loraAlpha = loraAlpha;
    this.factors = factors;
    this.file = file;
  }

  /**
   * @throws BadModel if this is no LoRA adapter that Graft can apply, saying why
   */
  public static LoraAdapter read(Path directory) {
    DirectoryFiles files = new DirectoryFiles(directory);
    JsonFields config = JsonFile.read(files.require(CONFIG), 1 << 20);
    checkFields(config);
    int r = config.requireInt("r", 1, 1024);
    double alpha = config.requireDouble("lora_alpha", 0, 1e6);
    if (!files.has(WEIGHTS) && files.has("adapter_model.bin")) {
      throw new BadModel("adapter_model.bin is a pickle and is not read; save as safetensors");
    }
    SafetensorsFile file = SafetensorsFile.open(files.require(WEIGHTS));
    try {
      return new LoraAdapter(r, alpha, factors(file, r), file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static void checkFields(JsonFields config) {
    if (!"LORA".equals(config.text("peft_type"))) {
      throw config.bad("peft_type", "is " + config.shown("peft_type") + "; supported: \"LORA\"");
    }
    if (!config.textOr("bias", "none").equals("none")) {
      throw config.bad("bias", "is " + config.shown("bias") + "; supported: \"none\"");
    }
    String init = config.shown("init_lora_weights").replace("\"", "");
    if (CHANGES_BASE.stream().anyMatch(init::startsWith)) {
      throw config.bad(
          "init_lora_weights", "is " + init + ": the adapter fits a changed base only; convert it");
    }
    for (String field : config.names()) {
      if (!HARMLESS.contains(field) && !config.isEmpty(field)) {
        throw config.bad(field, "is " + config.shown(field) + ", which is not supported yet");
      }
    }
  }

  private static Map<String, Factors> factors(SafetensorsFile file, int r) {
    Map<String, Factors> factors = new LinkedHashMap<>();
    Set<String> unused = new HashSet<>(file.names());
    for (MappedTensor a : file.tensors()) {
      if (!a.name().startsWith(PREFIX) || !a.name().endsWith(".lora_A.weight")) continue;
      String module = a.name().substring(PREFIX.length(), a.name().length() - 14);
      String other = PREFIX + module + ".lora_B.weight";
      MappedTensor b = file.find(other);
      if (b == null) throw new BadModel(WEIGHTS + ": " + other + " is missing");
      if (a.shape().length != 2
          || b.shape().length != 2
          || a.shape()[0] != r
          || b.shape()[1] != r) {
        throw new BadModel(
            "%s: factors of %s have shapes %s and %s, not (%d, in) and (out, %d)"
                .formatted(
                    WEIGHTS,
                    module,
                    TensorInfo.shown(a.shape()),
                    TensorInfo.shown(b.shape()),
                    r,
                    r));
      }
      factors.put(module, new Factors(Weights.floating(a), Weights.floating(b)));
      unused.remove(a.name());
      unused.remove(other);
    }
    if (!unused.isEmpty()) {
      throw new BadModel(WEIGHTS + ": tensor " + unused.iterator().next() + " is not understood");
    }
    if (factors.isEmpty()) throw new BadModel(WEIGHTS + " holds no LoRA factors");
    return factors;
  }

  /**
   * Checks that each factor belongs to a linear layer of the base and fits it.
   *
   * @throws BadModel if not, saying where
   */
  public void requireFits(ModelConfig base) {
    Map<String, ModelConfig.Linear> linears = new LinkedHashMap<>();
    base.linearModules().forEach(linear -> linears.put(linear.path(), linear));
    factors.forEach(
        (module, pair) -> {
          ModelConfig.Linear linear = linears.get(module);
          if (linear == null) {
            throw new BadModel("the base model has no linear layer " + module + " to adapt");
          }
          if (pair.a().shape()[1] != linear.inFeatures()
              || pair.b().shape()[0] != linear.outFeatures()) {
            throw new BadModel(
                "the adapter of %s maps %d to %d features, the base model's layer %d to %d"
                    .formatted(
                        module,
                        pair.a().shape()[1],
                        pair.b().shape()[0],
                        linear.inFeatures(),
                        linear.outFeatures()));
          }
        });
  }

  /** By module path, such as {@code model.layers.0.self_attn.q_proj}. */
  public Map<String, Factors> factors() {
    return factors;
  }

  public int r() {
    return r;
  }

  /** {@code lora_alpha / r}. */
  public double scale() {
    return loraAlpha / r;
  }

  @Override
  public void close() {
    file.close();
  }
}
