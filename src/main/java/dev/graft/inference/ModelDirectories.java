package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Directories with the files of manifests, named by digest. Where the file system allows, they are
 * hard links to the store, so a directory that is never removed keeps deleted blobs on disk.
 */
final class ModelDirectories implements LocalModels {
  private static final Logger log = LoggerFactory.getLogger(ModelDirectories.class);
  private static final String UNFINISHED = "unfinished-";

  private final Source source;
  private final Path root;
  private final Duration keep;
  private final Map<String, Use> uses = new HashMap<>();

  /** How many hold a directory, and when it was last held. */
  private static final class Use {
    private int holders;
    private long lastHeld = System.nanoTime();
  }

  /** Writes files of a manifest to a directory. */
  @FunctionalInterface
  public interface Source {
    void materialise(Digest manifest, Path target, Predicate<String> wanted) throws IOException;
  }

  /** Returns a source that reads from a store. */
  public static Source source(ArtifactStore store) {
    return (manifest, target, wanted) ->
        ManifestDirectory.materialise(store, manifest, target, wanted);
  }

  /**
   * @param root used by this process alone; directories of an earlier process are reused
   * @param keep how long an unused directory stays
   */
  public ModelDirectories(Source source, Path root, Duration keep) {
    this.source = source;
    this.root = root;
    this.keep = keep;
  }

  @Override
  public synchronized Held hold(Digest manifest) throws IOException {
    Path directory = root.resolve(manifest.hex());
    if (!Files.isDirectory(directory)) lay(manifest, directory);
    Use use = uses.computeIfAbsent(manifest.hex(), unused -> new Use());
    use.holders++;
    return new Held(directory, () -> release(use));
  }

  private synchronized void release(Use use) {
    use.holders--;
    use.lastHeld = System.nanoTime();
  }

  /** Returns whether a file is part of the model; other forms of a result are in subdirectories. */
  public static boolean isLaid(String name) {
    return !name.contains("/");
  }

  private void lay(Digest manifest, Path directory) throws IOException {
    Files.createDirectories(root);
    Path unfinished = Files.createTempDirectory(root, UNFINISHED);
    try {
      source.materialise(manifest, unfinished, ModelDirectories::isLaid);
      Files.move(unfinished, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException failed) {
      FileTrees.delete(unfinished);
      throw failed;
    }
  }

  @Override
  public void prune() {
    prune(keep);
  }

  /** Removes all unused directories, which frees the disk space of deleted blobs. */
  public void removeIdle() {
    prune(Duration.ZERO);
  }

  private synchronized void prune(Duration idle) {
    try {
      for (Path each : present()) {
        if (!isDue(each.getFileName().toString(), idle)) continue;
        remove(each);
        log.atInfo().addKeyValue("directory", each.getFileName()).log("model_files_removed");
      }
    } catch (IOException failed) {
      log.atWarn().addKeyValue("cause", failed.getMessage()).log("model_files_not_removed");
    }
  }

  private List<Path> present() throws IOException {
    if (!Files.isDirectory(root)) return List.of();
    try (Stream<Path> all = Files.list(root)) {
      return all.toList();
    }
  }

  /** Directories are made under the same lock, so an unfinished one is left over from a crash. */
  private boolean isDue(String name, Duration idle) {
    if (name.startsWith(UNFINISHED)) return true;
    Use use = uses.computeIfAbsent(name, left -> new Use());
    return use.holders == 0 && System.nanoTime() - use.lastHeld >= idle.toNanos();
  }

  /** Renames the directory before it is deleted, so that no partial directory has a valid name. */
  private void remove(Path directory) throws IOException {
    Path gone = directory;
    if (!directory.getFileName().toString().startsWith(UNFINISHED)) {
      gone = root.resolve(UNFINISHED + directory.getFileName());
      Files.move(directory, gone, StandardCopyOption.ATOMIC_MOVE);
      uses.remove(directory.getFileName().toString());
    }
    FileTrees.delete(gone);
  }
}
