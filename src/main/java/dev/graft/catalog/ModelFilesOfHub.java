package dev.graft.catalog;

import dev.graft.artifacts.hub.Hub.Selection;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is fetched of a repository.
 *
 * @param gguf the one file that is the model; null = a Hugging Face directory
 */
record ModelFilesOfHub(@Nullable String gguf) implements Selection {
  @Override
  public Set<String> of(Set<String> names) {
    if (gguf == null) return ModelFileSelection.wanted(names);
    if (names.contains(gguf)) return Set.of(gguf);
    throw new ModelRefused("it has no " + gguf + ModelFileSelection.ggufFiles(names));
  }

  @Override
  public void look(Path directory) {
    if (gguf == null) CheckedModel.requireKnownType(directory);
  }
}
