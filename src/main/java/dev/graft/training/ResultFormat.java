package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.SavedResult;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Prompted;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec.Outputs;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.Dtype;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the directory of a method's result. */
final class ResultFormat {
  private ResultFormat() {}

  /** Directories of a result that hold other forms of it. */
  public static final String PLAIN_LORA = "plain_lora";

  public static final String MERGED = "merged";

  public static final String TRAINED_FORM = "trained_form";

  public static final String GGUF = "gguf";

  private static final String GGUF_FILE = "adapter-f16.gguf";

  /**
   * A requested form that cannot be written.
   *
   * @param field that requests it, such as {@code output.gguf}
   */
  public record Obstacle(String field, String reason) {}

  /**
   * Returns the first requested form that cannot be written; null if all can.
   *
   * @param base with the head that the result has
   */
  public static @Nullable Obstacle obstacle(
      Outputs outputs, AdapterMethod method, ModelDirectory base) {
    if (outputs.merged()) {
      String reason = Tuner.of(method, base).unmergeable();
      if (reason != null) return new Obstacle("output.merged", reason);
    }
    if (outputs.gguf()) {
      try {
        LoaderRules.ggufFactors(ofResult(method), base.config());
      } catch (IllegalArgumentException refused) {
        return new Obstacle("output.gguf", String.valueOf(refused.getMessage()));
      }
    }
    return null;
  }

  /** Returns the method of the result, which {@link #write} converts for the unchanged base. */
  private static AdapterMethod ofResult(AdapterMethod method) {
    return method instanceof Lora lora && lora.initLoraWeights().changesBase()
        ? lora.startingAs(new LoraInit.Standard())
        : method;
  }

  /**
   * Writes the other requested forms from the files of {@link #write}.
   *
   * @param quantization that the base had in training, or null
   * @throws IllegalArgumentException if the adapter has no such form, see {@link #obstacle}
   */
  public static void writeOutputs(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      Outputs outputs,
      @Nullable Quantization quantization,
      Map<String, String> facts) {
    if (!Files.exists(directory.resolve("adapter_config.json"))) return;
    try (SavedAdapter adapter = SavedAdapter.read(directory)) {
      if (outputs.plainLora() && LoaderRules.wantPlainForm(adapter.method(), base.config())) {
        PlainForm.write(directory.resolve(PLAIN_LORA), base, baseModelName, adapter, facts);
      }
      if (outputs.gguf()) {
        Path form = directory.resolve(GGUF);
        create(form);
        AdapterCard card = AdapterCard.named(directory, baseModelName);
        PlainForm.writeGguf(form.resolve(GGUF_FILE), base, adapter, card, Dtype.F16);
      }
      if (outputs.merged()) {
        Path merged = directory.resolve(MERGED);
        MergedModel.write(
            merged,
            base,
            baseModelName,
            adapter,
            quantization,
            CheckpointDirectory.CheckpointPrecision.AS_BASE,
            facts);
      }
    }
  }

  /**
   * Writes the trained tensors: a PEFT directory, or a whole checkpoint if parameters of the base
   * train.
   *
   * @param facts rows of the model card
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod method,
      TrainableModel model,
      Map<String, String> facts) {
    SavedResult result = model.result(method);
    if (isAdapter(method)) {
      PeftDirectory.write(
          directory,
          base,
          baseModelName,
          result.method(),
          result.tensors(),
          model.learnedSettings(),
          facts);
    } else {
      CheckpointDirectory.writeTrained(
          directory,
          base,
          baseModelName,
          result.tensors(),
          CheckpointDirectory.CheckpointPrecision.AS_BASE,
          facts);
    }
  }

  /**
   * Writes the factors as they trained, where {@link #write} converts them for the unchanged base.
   * PEFT's {@code save_pretrained} writes this form by default. To load it, {@code peft} repeats
   * the decomposition of the start values.
   */
  public static void writeTrainedForm(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod method,
      TrainableModel model,
      Map<String, String> facts) {
    Path trained = directory.resolve(TRAINED_FORM);
    PeftDirectory.write(trained, base, baseModelName, method, model.saved(), facts);
  }

  /** Returns whether the result is a PEFT directory, which is small compared to its base. */
  public static boolean isAdapter(AdapterMethod method) {
    return switch (method) {
      case Lora _, Prompted _, AdapterMethod.Targeted _, Bottleneck _ -> true;
      case AdapterMethod.Full _, Freeze _ -> false;
    };
  }

  /** Files for chatting with the result: tokenizer, template, stop tokens. */
  private static final List<String> COMPANIONS =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja",
          "special_tokens_map.json",
          "generation_config.json");

  static void create(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create the result directory", e);
    }
  }

  static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file.getFileName(), e);
    }
  }

  static void copyCompanions(ModelDirectory base, Path directory) {
    for (String name : COMPANIONS) {
      Path from = base.file(name);
      if (from != null) copy(from, directory.resolve(name));
    }
  }

  private static void copy(Path from, Path to) {
    try {
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + to.getFileName(), e);
    }
  }
}
