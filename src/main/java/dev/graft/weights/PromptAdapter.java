package dev.graft.weights;

import dev.graft.spec.AdapterMethod.Prompted;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.SpecRejected;
import java.nio.file.Path;
import java.util.List;

/**
 * Virtual tokens in a PEFT directory, read as hostile input. Closing unmaps them.
 *
 * @param embeddings {@code prompt_embeddings}, as they are used
 */
public record PromptAdapter(Prompted method, MappedTensor embeddings, SafetensorsFile file)
    implements AutoCloseable {
  private static final List<String> TYPES = List.of("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING");

  /**
   * Whether the directory says that it holds virtual tokens.
   *
   * @throws BadModel if it has no readable configuration
   */
  public static boolean isIn(Path directory) {
    return TYPES.contains(SavedAdapter.config(directory).textOr("peft_type", ""));
  }

  /**
   * @throws BadModel if these are no virtual tokens that Graft can apply, saying why
   */
  public static PromptAdapter read(Path directory) {
    Prompted method = method(SavedAdapter.config(directory));
    SafetensorsFile file =
        SafetensorsFile.open(new DirectoryFiles(directory).require(SavedAdapter.WEIGHTS));
    MappedTensor embeddings = file.find("prompt_embeddings");
    if (embeddings == null || file.tensors().size() != 1) {
      file.close();
      throw new BadModel(SavedAdapter.WEIGHTS + " does not hold prompt_embeddings alone");
    }
    return new PromptAdapter(method, embeddings, file);
  }

  private static Prompted method(JsonFields config) {
    try {
      if (AdapterMethods.fromPeft(config.node()) instanceof Prompted prompted) return prompted;
      throw config.bad("peft_type", "is no method with virtual tokens");
    } catch (SpecRejected e) {
      throw new BadModel(SavedAdapter.CONFIG + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
