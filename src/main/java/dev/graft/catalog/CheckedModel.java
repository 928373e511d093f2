package dev.graft.catalog;

import dev.graft.weights.BadModel;
import dev.graft.weights.DirectoryFiles;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TransformersModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A model directory that jobs can train: by Graft's own kernels, or by transformers on a Ray
 * cluster.
 *
 * @param files to store, by name
 * @param limitations what will not work with it, one sentence each
 */
record CheckedModel(
    SortedMap<String, Path> files,
    @Nullable String license,
    String family,
    long parameters,
    int contextLength,
    List<String> limitations) {
  /**
   * @param readme whether that is a file to store
   * @throws ModelRefused if there is no such directory, or nothing trains it
   */
  static CheckedModel of(Path directory, boolean readme) {
    try {
      DirectoryFiles files = new DirectoryFiles(directory);
      CheckedModel model = TransformersModel.is(files) ? onRay(files) : own(files, directory);
      if (readme) ModelFileSelection.addReadme(files, model.files());
      return model;
    } catch (BadModel e) {
      throw new ModelRefused(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Of what there is before the weights are.
   *
   * @throws ModelRefused if nothing trains a model with this configuration
   */
  static void requireKnownType(Path directory) {
    try {
      DirectoryFiles files = new DirectoryFiles(directory);
      if (TransformersModel.is(files)) return;
      ModelConfig.read(Files.readAllBytes(files.require("config.json")));
    } catch (BadModel e) {
      throw new ModelRefused(String.valueOf(e.getMessage()));
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
        "models of type %s train on a Ray cluster only, and answer no chats here; the adapters are for download"
            .formatted(model.modelType()));
    tellTemplate(files, limitations);
    return of(files, model.modelType(), model.parameters(), model.contextLength(), limitations);
  }

  private static CheckedModel own(DirectoryFiles files, Path directory) throws IOException {
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      ModelConfig config = model.config();
      List<String> limitations = new ArrayList<>();
      if (ModelConfig.isEncoder(config.modelType())) {
        limitations.add("an encoder: it trains to classify texts or to rate them, and writes none");
      } else {
        tellTemplate(files, limitations);
        if (config.eosTokenIds().isEmpty()) {
          limitations.add("no end-of-text token: answers end only at their length limit");
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
        "no chat template: training on chat rows and chat completions will be refused for this"
            + " model; prompt/completion and text rows work");
  }
}
