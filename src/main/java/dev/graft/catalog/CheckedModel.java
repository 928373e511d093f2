package dev.graft.catalog;

import dev.graft.catalog.BaseModels.ModelRefused;
import dev.graft.weights.BadModel;
import dev.graft.weights.DirectoryFiles;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TransformersModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * A model directory that jobs can train, with Graft's own kernels or with transformers on a Ray
 * cluster.
 *
 * @param files the files to store, by name
 * @param limitations what will not work with it, one phrase each
 */
record CheckedModel(
    SortedMap<String, Path> files,
    @Nullable String license,
    String family,
    long parameters,
    int contextLength,
    List<String> limitations) {
  /**
   * Checks a directory.
   *
   * @param readme whether to store README.md
   * @throws BaseModels.ModelRefused if there is no such directory, or Graft cannot train the model
   */
  static CheckedModel of(Path directory, boolean readme) {
    try {
      DirectoryFiles files = new DirectoryFiles(directory);
      CheckedModel model = TransformersModel.is(files) ? onRay(files) : own(files, directory);
      if (readme) ModelFileSelection.addReadme(files, model.files());
      return model;
    } catch (BadModel e) {
      throw new BaseModels.ModelRefused(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Checks the configuration before the weights are fetched.
   *
   * @throws BaseModels.ModelRefused if Graft cannot train a model with this configuration
   */
  static void requireKnownType(Path directory) {
    try {
      DirectoryFiles files = new DirectoryFiles(directory);
      if (TransformersModel.is(files)) return;
      ModelConfig.read(Files.readAllBytes(files.require("config.json")));
    } catch (BadModel e) {
      throw new BaseModels.ModelRefused(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CheckedModel of(
      DirectoryFiles files,
      String family,
      long parameters,
      int contextLength,
      List<String> limitations)
      throws IOException {
    return new CheckedModel(
        ModelFileSelection.of(files),
        License.of(files),
        family,
        parameters,
        contextLength,
        limitations);
  }

  private static CheckedModel onRay(DirectoryFiles files) throws IOException {
    TransformersModel model = TransformersModel.check(files);
    List<String> limitations = new ArrayList<>();
    limitations.add(
        "models of type %s train on a Ray cluster only and answer no chats here; their adapters can be downloaded"
            .formatted(model.modelType()));
    tellTemplate(files, limitations);
    return of(files, model.modelType(), model.parameters(), model.contextLength(), limitations);
  }

  private static CheckedModel own(DirectoryFiles files, Path directory) throws IOException {
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      ModelConfig config = model.config();
      List<String> limitations = new ArrayList<>();
      if (ModelConfig.isEncoder(config.modelType())) {
        limitations.add("an encoder: it can be trained to classify or rate texts, and writes none");
      } else {
        tellTemplate(files, limitations);
        if (config.eosTokenIds().isEmpty()) {
          limitations.add("no end-of-text token: answers end at their length limit only");
        }
      }
      return of(
          files,
          config.modelType(),
          model.check().parameters(),
          config.contextLength(),
          limitations);
    }
  }

  private static void tellTemplate(DirectoryFiles files, List<String> limitations)
      throws IOException {
    if (ModelFileSelection.hasTemplate(files)) return;
    limitations.add(
        "no chat template: Graft refuses chat rows and chat completions for this model;"
            + " prompt/completion and text rows work");
  }

  /** Reads {@code license} from the front matter of a model's README.md. */
  static final class License {
    private static final int HEAD = 1 << 14;
    private static final Pattern FRONT_MATTER =
        Pattern.compile("\\A---\\R(.*?)^---", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern LICENSE =
        Pattern.compile("^license: *[\"']?([\\w][\\w .+-]{0,99}?)[\"']? *$", Pattern.MULTILINE);

    private License() {}

    /** Returns null if there is no plausible license. */
    static @Nullable String of(DirectoryFiles model) throws IOException {
      Path readme = model.find("README.md");
      if (readme == null) return null;
      try (InputStream in = Files.newInputStream(readme)) {
        return in(new String(in.readNBytes(HEAD), StandardCharsets.UTF_8));
      }
    }

    static @Nullable String in(String readme) {
      Matcher front = FRONT_MATTER.matcher(readme);
      if (!front.find()) return null;
      Matcher license = LICENSE.matcher(front.group(1));
      return license.find() ? license.group(1) : null;
    }
  }

  /** Selects the files of a model by name. Pickled weights are never selected. */
  static final class ModelFileSelection {
    private static final String INDEX = "model.safetensors.index.json";
    private static final String WHOLE = "model.safetensors";
    static final String README = "README.md";
    private static final Predicate<String> IS_SHARD =
        Pattern.compile("model\\.safetensors\\.index\\.json|model-\\d+-of-\\d+\\.safetensors")
            .asMatchPredicate();
    private static final String TEMPLATE = "chat_template.jinja";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final long MAX_TEXT_BYTES = 64L << 20;
    private static final int MOST_NAMED = 12;
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> TEXT =
        List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            TOKENIZER_CONFIG,
            "special_tokens_map.json",
            "added_tokens.json",
            TEMPLATE,
            "vocab.json",
            "vocab.txt",
            "merges.txt");

    private ModelFileSelection() {}

    /** Returns the files of a checked directory to store, by name. */
    static SortedMap<String, Path> of(DirectoryFiles model) throws IOException {
      SortedMap<String, Path> files = new TreeMap<>();
      for (String name : TEXT) {
        Path file = model.find(name);
        if (file != null) {
          files.put(name, small(name, file));
        }
      }
      if (!files.containsKey("tokenizer.json")) {
        throw new ModelRefused(
            "tokenizer.json is missing. Save the fast tokenizer beside the weights.");
      }
      for (String name : weightFiles(model)) {
        files.put(name, model.require(name));
      }
      return files;
    }

    /** Adds README.md, which has the model card and the license, if it is there. */
    static void addReadme(DirectoryFiles model, SortedMap<String, Path> files) throws IOException {
      Path readme = model.find(README);
      if (readme != null) files.put(README, small(README, readme));
    }

    /**
     * Returns the files of a repository to fetch: those that {@link #of} may select, and the
     * README.
     *
     * @throws ModelRefused if the repository has no safetensors
     */
    static Set<String> wanted(Set<String> names) {
      Set<String> wanted = new TreeSet<>(TEXT);
      wanted.add(README);
      if (names.contains(WHOLE)) wanted.add(WHOLE);
      else if (names.contains(INDEX)) names.stream().filter(IS_SHARD).forEach(wanted::add);
      else {
        throw new ModelRefused(
            "The repository has no %s, and Graft reads no other weights%s."
                .formatted(WHOLE, ggufFiles(names)));
      }
      wanted.retainAll(names);
      return wanted;
    }

    /** Returns the end of a sentence that names the GGUF files of a repository, if any. */
    static String ggufFiles(Set<String> names) {
      List<String> files =
          names.stream()
              .filter(n -> n.toLowerCase(Locale.ROOT).endsWith(".gguf"))
              .sorted()
              .toList();
      return files.isEmpty()
          ? ""
          : "; to use a GGUF file, append its name to the source, such as /%s (%d files: %s)"
              .formatted(
                  files.getFirst(),
                  files.size(),
                  files.stream().limit(MOST_NAMED).collect(Collectors.joining(", ")));
    }

    /** Returns whether there is a chat template, beside the tokenizer or in its configuration. */
    static boolean hasTemplate(DirectoryFiles model) throws IOException {
      if (model.has(TEMPLATE)) return true;
      Path config = model.find(TOKENIZER_CONFIG);
      JsonNode template =
          config == null ? MissingNode.getInstance() : json(config).path("chat_template");
      return template.isString() || template.isArray();
    }

    private static List<String> weightFiles(DirectoryFiles model) throws IOException {
      if (model.has(WHOLE)) {
        return List.of(WHOLE);
      }
      List<String> names = new ArrayList<>(List.of(INDEX));
      JsonNode shards = json(model.require(INDEX)).path("weight_map");
      shards.values().stream().map(JsonNode::asString).distinct().forEach(names::add);
      return names;
    }

    private static Path small(String name, Path file) throws IOException {
      if (Files.size(file) > MAX_TEXT_BYTES) {
        throw new ModelRefused(name + " is larger than " + MAX_TEXT_BYTES + " bytes.");
      }
      return file;
    }

    private static JsonNode json(Path file) throws IOException {
      try {
        return JSON.readTree(Files.readAllBytes(file));
      } catch (JacksonException e) {
        throw new ModelRefused(file.getFileName() + " is not valid JSON.");
      }
    }
  }
}
