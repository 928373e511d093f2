package dev.graft.weights;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.SpecRejected;
import java.nio.file.Path;
import java.util.List;

/**
 * A result directory with {@code adapter_config.json}, of whatever method, read as hostile input.
 * Closing unmaps the tensors.
 */
public record SavedAdapter(AdapterMethod method, SafetensorsFile file) implements AutoCloseable {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";

  /**
   * What the directory says it holds, in PEFT's words.
   *
   * @throws BadModel if it has no readable configuration
   */
  public static String type(Path directory) {
    return config(directory).textOr("peft_type", "LORA");
  }

  private static JsonFields config(Path directory) {
    return JsonFile.read(new DirectoryFiles(directory).require(CONFIG), 1 << 20);
  }

  /**
   * @throws BadModel if this is no adapter that Graft can apply, saying why
   */
  public static SavedAdapter read(Path directory) {
    AdapterMethod method = method(config(directory));
    return new SavedAdapter(
        method, SafetensorsFile.open(new DirectoryFiles(directory).require(WEIGHTS)));
  }

  private static AdapterMethod method(JsonFields config) {
    try {
      return AdapterMethods.fromPeft(config.node());
    } catch (SpecRejected e) {
      throw new BadModel(CONFIG + ": " + e.getMessage(), e);
    }
  }

  /** All tensors, by PEFT's names. */
  public List<NamedTensor> tensors() {
    return file.tensors().stream().map(each -> Weights.floating(each).named()).toList();
  }

  @Override
  public void close() {
    file.close();
  }
}
