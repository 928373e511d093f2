package dev.graft.training;

import dev.graft.model.SavedTensors;
import dev.graft.model.Tuner;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Lora;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.Dtype;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.gguf.GgufAdapter;
import java.nio.file.Path;

/** An adapter as llama.cpp loads it: one file, of the form of it that llama.cpp takes. */
final class GgufForm {
  private GgufForm() {}

  /**
   * Writes the file.
   *
   * @param card what it says of itself
   * @param type of the factors: F32, F16 or BF16
   * @throws IllegalArgumentException if llama.cpp takes no form of it, or it does not fit the base
   * @throws dev.graft.weights.BadModel if a tensor is not what its configuration asks for
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public static void write(
      Path file, ModelDirectory base, SavedAdapter adapter, AdapterCard card, Dtype type) {
    PlainForm factors =
        switch (LoaderRules.ggufFactors(adapter.method(), base.config())) {
          case AS_TRAINED -> asTrained(base, adapter);
          case PLAIN -> PlainForm.of(base, adapter);
        };
    GgufAdapter.write(
        file, base.config(), factors.method().loraAlpha(), factors.tensors(), card, type);
  }

  private static PlainForm asTrained(ModelDirectory base, SavedAdapter adapter) {
    AdapterMethod method = adapter.method();
    if (!(method instanceof Lora lora)) {
      throw new IllegalArgumentException("the adapter is no LoRA");
    }
    SavedTensors.of(Tuner.of(lora, base), adapter, base.config()); // refuses what does not fit
    return new PlainForm(lora, adapter.tensors());
  }
}
