package dev.graft.weights;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Lora;
import dev.graft.spec.Prompted;
import dev.graft.spec.SpecRejected;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A result directory with an {@code adapter_config.json} of any method, read as hostile input.
 * Closing unmaps the tensors.
 */
public record SavedAdapter(AdapterMethod method, SafetensorsFile file) implements AutoCloseable {
  /** The prefix of module paths that {@code save_pretrained} adds. */
  public static final String PEFT_PREFIX = "base_model.model.";

  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";

  static JsonFields config(Path directory) {
    return JsonFields.read(new DirectoryFiles(directory).require(CONFIG), 1 << 20);
  }

  /**
   * @throws BadModel if Graft cannot apply the adapter, with the reason
   */
  public static SavedAdapter read(Path directory) {
    AdapterMethod method = method(config(directory));
    DirectoryFiles files = new DirectoryFiles(directory);
    if (!files.has(WEIGHTS) && files.has("adapter_model.bin")) {
      throw new BadModel(
          "adapter_model.bin is a pickle, which is not supported; save the adapter as safetensors");
    }
    return new SavedAdapter(method, SafetensorsFile.open(files.require(WEIGHTS)));
  }

  /** Returns the {@code task_type} of the adapter in a directory; null if it is missing. */
  public static @Nullable String taskType(Path directory) {
    return config(directory).text("task_type");
  }

  private static AdapterMethod method(JsonFields config) {
    try {
      AdapterMethod method = AdapterMethods.fromSaved(config.node());
      if (method instanceof Lora lora && lora.initLoraWeights().changesBase()) {
        throw config.bad(
            "init_lora_weights",
            "is "
                + config.shown("init_lora_weights")
                + ": the adapter fits only a changed base; convert it when saving it with PEFT");
      }
      return method;
    } catch (SpecRejected e) {
      throw new BadModel(CONFIG + ": " + e.getMessage(), e);
    }
  }

  /**
   * Returns all tensors in f32, by PEFT's names; usable until this is closed.
   *
   * @throws BadModel if one is not floating point
   */
  public List<NamedTensor> tensors() {
    return file.tensors().stream().map(MappedTensor::widened).toList();
  }

  @Override
  public void close() {
    file.close();
  }

  /**
   * Virtual tokens in a PEFT directory, read as hostile input. Closing unmaps them.
   *
   * @param embeddings {@code prompt_embeddings}
   */
  public record PromptAdapter(Prompted method, MappedTensor embeddings, SafetensorsFile file)
      implements AutoCloseable {
    private static final List<String> TYPES = List.of("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING");

    /**
     * Whether the configuration of a directory is one of virtual tokens.
     *
     * @throws BadModel if the configuration cannot be read
     */
    public static boolean isIn(Path directory) {
      return TYPES.contains(SavedAdapter.config(directory).textOr("peft_type", ""));
    }

    /**
     * @throws BadModel if Graft cannot apply the virtual tokens, with the reason
     */
    public static PromptAdapter read(Path directory) {
      Prompted method = method(SavedAdapter.config(directory));
      SafetensorsFile file =
          SafetensorsFile.open(new DirectoryFiles(directory).require(SavedAdapter.WEIGHTS));
      MappedTensor embeddings = file.find("prompt_embeddings");
      if (embeddings == null || file.tensors().size() != 1) {
        file.close();
        throw new BadModel(SavedAdapter.WEIGHTS + " must contain only prompt_embeddings");
      }
      return new PromptAdapter(method, embeddings, file);
    }

    private static Prompted method(JsonFields config) {
      try {
        if (AdapterMethods.fromPeft(config.node()) instanceof Prompted prompted) return prompted;
        throw config.bad("peft_type", "is not a method with virtual tokens");
      } catch (SpecRejected e) {
        throw new BadModel(SavedAdapter.CONFIG + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
