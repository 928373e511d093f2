package dev.graft.artifacts.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The cache of {@code huggingface_hub}: {@code models--org--name/refs}, {@code blobs} and {@code
 * snapshots}, which link into {@code blobs}. Only read.
 *
 * @param directory null or missing = there is no cache
 */
record HubCache(@Nullable Path directory) {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final int LONGEST_REF = 100;

  /** Returns the commit that a revision pointed to when it was fetched. */
  Optional<String> commit(HubRepository repository) throws IOException {
    if (COMMIT.matcher(repository.revision()).matches()) return Optional.of(repository.revision());
    Optional<Path> model = model(repository);
    if (model.isEmpty()) return Optional.empty();
    Path ref = model.get().resolve("refs").resolve(repository.revision());
    if (!Files.isRegularFile(ref) || Files.size(ref) > LONGEST_REF) return Optional.empty();
    return Optional.of(Files.readString(ref).strip()).filter(COMMIT.asMatchPredicate());
  }

  /** Returns a file of a snapshot, if it exists. */
  Optional<Path> file(HubRepository pinned, String path) {
    return snapshot(pinned).map(each -> each.resolve(path)).filter(Files::isRegularFile);
  }

  Optional<Path> snapshot(HubRepository pinned) {
    return model(pinned)
        .map(each -> each.resolve("snapshots").resolve(pinned.revision()))
        .filter(Files::isDirectory);
  }

  private Optional<Path> model(HubRepository repository) {
    if (directory == null) return Optional.empty();
    return Optional.of(
            directory.resolve(repository.kind().plural + "--" + repository.id().replace("/", "--")))
        .filter(Files::isDirectory);
  }
}
