package dev.graft.training;

import dev.graft.model.Tuner;
import dev.graft.spec.ExportForm;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.LoaderRules.Factors;
import dev.graft.weights.LoaderRules.Loader;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.TensorInfo;
import dev.graft.weights.gguf.ModelGguf;
import dev.graft.weights.gguf.WrittenTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Converts a finished result into the forms that other programs load.
 *
 * @param baseModelName name of the base in the written files
 * @param name name of the result in the written files
 */
public record ResultForms(ResultSource source, String baseModelName, String name) {
  /** Names of the file of a form in the written directory. */
  public static final String MODEL_FILE = "model.gguf";

  public static final String ADAPTER_FILE = "adapter.gguf";

  /**
   * Returns why a form cannot be written; null if it can. Reads configurations and tokenizer, no
   * weights.
   *
   * @param scratch an empty directory
   */
  public @Nullable String obstacle(ExportForm form, Path scratch) {
    try {
      switch (form) {
        case ExportForm.Merged _ -> requireMergeable();
        case ExportForm.MergedGguf gguf -> checkGguf(gguf.type(), scratch);
        case ExportForm.AdapterGguf _ -> requireFactors(Loader.LLAMA_CPP);
        case ExportForm.PlainFactors _ -> {
          String reason =
              LoaderRules.plainObstacle(source.requireAdapter().method(), source.base().config());
          if (reason != null) return reason;
        }
        case ExportForm.Combined(Combination how) -> {
          return combinedObstacle(how);
        }
        case ExportForm.Vllm _ -> requireFactors(Loader.VLLM);
        case ExportForm.Ollama ollama -> {
          WrittenTokenizer.stops(source.base());
          if (ollama.base() == null) checkGguf(ollama.type(), scratch);
          else requireFactors(Loader.LLAMA_CPP);
        }
      }
      return null;
    } catch (IllegalArgumentException | BadModel refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  private @Nullable String combinedObstacle(Combination how) {
    Set<Integer> ranks = new TreeSet<>();
    for (SavedAdapter each : source.adapters()) {
      String reason = LoaderRules.plainObstacle(each.method(), source.base().config());
      if (reason != null) return reason;
      ranks.addAll(LoaderRules.ranks(each.method(), source.base().config()));
    }
    return how.type().needsEqualRanks() && ranks.size() > 1
        ? how.type().wireName()
            + " needs equal ranks, but these are "
            + ranks
            + "; cat and svd allow different ranks"
        : null;
  }

  private void requireMergeable() {
    SavedAdapter adapter = source.adapter();
    if (adapter == null) return;
    String reason = Tuner.of(adapter.method(), source.base()).unmergeable();
    if (reason != null) throw new IllegalArgumentException(reason);
  }

  private void checkGguf(ExportForm.GgufType type, Path scratch) {
    requireMergeable();
    Path file = scratch.resolve("head.gguf");
    gguf(type).check(file);
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete a temporary file", e);
    }
  }

  private ModelGguf gguf(ExportForm.GgufType type) {
    return ModelGguf.of(
        source.base(),
        name,
        switch (type) {
          case F16 -> ModelGguf.Numbers.F16;
          case Q8_0 -> ModelGguf.Numbers.Q8_0;
        });
  }

  private Factors requireFactors(Loader loader) {
    SavedAdapter adapter = source.requireAdapter();
    return loader == Loader.LLAMA_CPP
        ? LoaderRules.ggufFactors(adapter.method(), source.base().config())
        : LoaderRules.factors(loader, adapter.method(), source.base().config());
  }

  /** Returns the approximate bytes of all files. */
  public long bytes(ExportForm form) {
    return switch (form) {
      case ExportForm.Merged _ ->
          CheckpointDirectory.layout(
                  source.base(), source.merged(), CheckpointDirectory.CheckpointPrecision.AS_BASE)
              .stream()
              .mapToLong(TensorInfo::bytes)
              .sum();
      case ExportForm.MergedGguf merged -> gguf(merged.type()).bytes();
      case ExportForm.Ollama ollama when ollama.base() == null -> gguf(ollama.type()).bytes();
      case ExportForm.Ollama _, ExportForm.AdapterGguf _ -> factorBytes() / 2;
      case ExportForm.PlainFactors _, ExportForm.Vllm _, ExportForm.Combined _ -> factorBytes();
    };
  }

  private long factorBytes() {
    return source.adapters().stream()
        .flatMap(each -> each.file().tensors().stream())
        .mapToLong(each -> each.info().bytes())
        .sum();
  }

  /**
   * Writes the files of a form.
   *
   * @param directory that exists
   * @throws IllegalArgumentException if the result has no such form, see {@link #obstacle}
   * @throws BadModel if a tensor is not what its configuration asks for
   * @throws UncheckedIOException if a file cannot be written
   */
  public void write(ExportForm form, Path directory) {
    switch (form) {
      case ExportForm.Merged merged -> merged(directory, merged.maxShardSize());
      case ExportForm.MergedGguf merged -> model(directory, merged.type());
      case ExportForm.AdapterGguf _ -> adapter(directory);
      case ExportForm.PlainFactors _ ->
          PlainForm.write(
              directory, source.base(), baseModelName, source.requireAdapter(), facts());
      case ExportForm.Combined(Combination how) -> combined(directory, how);
      case ExportForm.Vllm vllm -> vllm(directory.resolve(vllm.name()), vllm.base());
      case ExportForm.Ollama ollama -> ollama(directory, ollama);
    }
  }

  private Map<String, String> facts() {
    return Map.of("made from", name);
  }

  private void merged(Path directory, long shard) {
    SavedAdapter adapter = source.adapter();
    String card =
        adapter == null
            ? ModelCard.trained(source.base(), baseModelName, true, facts())
            : ModelCard.merged(source.base(), baseModelName, adapter.method(), facts());
    CheckpointDirectory.write(
        directory,
        source.base(),
        source.merged(),
        CheckpointDirectory.CheckpointPrecision.AS_BASE,
        card,
        shard);
  }

  private void model(Path directory, ExportForm.GgufType type) {
    CheckpointDirectory.Tensors numbers = source.merged();
    gguf(type)
        .write(directory.resolve(MODEL_FILE), parameter -> numbers.data(parameter, Dtype.F32));
  }

  private void adapter(Path directory) {
    AdapterCard card = AdapterCard.named(source.directory(), baseModelName);
    PlainForm.writeGguf(
        directory.resolve(ADAPTER_FILE), source.base(), source.requireAdapter(), card, Dtype.F16);
  }

  private void combined(Path directory, Combination how) {
    PlainForm plain = CombinedForm.of(source.base(), source.adapters(), how);
    Map<String, String> facts = Map.of("made from", name + " and others: " + how.options());
    PeftDirectory.write(
        directory, source.base(), baseModelName, plain.method(), plain.tensors(), facts);
  }

  private void vllm(Path directory, String served) {
    SavedAdapter adapter = source.requireAdapter();
    switch (requireFactors(Loader.VLLM)) {
      case AS_TRAINED ->
          PeftDirectory.write(
              directory, source.base(), served, adapter.method(), adapter.tensors(), facts());
      case PLAIN -> PlainForm.write(directory, source.base(), served, adapter, facts());
    }
  }

  private void ollama(Path directory, ExportForm.Ollama form) {
    List<String> lines;
    if (form.base() == null) {
      model(directory, form.type());
      lines = List.of("FROM ./" + MODEL_FILE);
    } else {
      adapter(directory);
      lines = List.of("FROM " + form.base(), "ADAPTER ./" + ADAPTER_FILE);
    }
    ResultFormat.write(
        directory.resolve("Modelfile"), modelfile(lines, WrittenTokenizer.stops(source.base())));
  }

  /**
   * @param from its first lines
   * @param stops texts that end an answer; those that cannot be quoted are only in the GGUF file
   */
  static String modelfile(List<String> from, List<String> stops) {
    Stream<String> parameters =
        stops.stream()
            .filter(stop -> !stop.isBlank() && stop.chars().noneMatch(c -> c < ' ' || c == '"'))
            .map(stop -> "PARAMETER stop \"" + stop + "\"");
    return Stream.concat(from.stream(), parameters).collect(Collectors.joining("\n", "", "\n"));
  }
}
