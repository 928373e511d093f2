package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.FileTrees;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The directory of vLLM's {@code lora_filesystem_resolver}: below it {@code <name>} is an adapter.
 * Each name is a symbolic link to files that never change, so that it moves from one adapter to
 * another as a whole; vLLM resolves it before it reads.
 */
final class ResolverDirectory implements AdapterPlace {
  private static final String FILES = ".graft";
  private static final String MAKING = ".making-";

  private final Path root;
  private final Path seenAs;
  private final ArtifactStore store;

  /**
   * @param seenAs the directory as the engine sees it
   */
  ResolverDirectory(Path root, Path seenAs, ArtifactStore store) {
    this.root = root.toAbsolutePath().normalize();
    this.seenAs = seenAs.toAbsolutePath().normalize();
    this.store = store;
  }

  @Override
  public String put(Served adapter, VllmForm.Source source)
      throws IOException, VllmForm.NotLoadable {
    Path files = root.resolve(FILES).resolve(adapter.key());
    if (!Files.isDirectory(files)) make(files, source.files());
    link(root.resolve(adapter.name()), files);
    return seenAs.resolve(FILES).resolve(adapter.key()).toString();
  }

  private void make(Path files, VllmForm.Files content) throws IOException {
    Path parent = files.resolveSibling(MAKING + files.getFileName());
    FileTrees.delete(parent);
    Files.createDirectories(parent);
    // No link: a store's files are its own user's to read.
    try (InputStream in = store.open(content.weights().sha256())) {
      Files.copy(in, parent.resolve(VllmForm.WEIGHTS));
    }
    Files.write(parent.resolve(VllmForm.CONFIG), content.config());
    Files.move(parent, files, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void link(Path name, Path files) throws IOException {
    Path parent = Objects.requireNonNull(name.getParent());
    Files.createDirectories(parent);
    Path target = parent.relativize(files);
    if (Files.isSymbolicLink(name) && Files.readSymbolicLink(name).equals(target)) return;
    Path made = parent.resolve(MAKING + name.getFileName());
    Files.deleteIfExists(made);
    Files.createSymbolicLink(made, target);
    Files.move(made, name, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public boolean isOurs(String path) {
    return path.startsWith(seenAs.resolve(FILES) + File.separator);
  }

  @Override
  public void keepOnly(Collection<Served> adapters, Predicate<String> exists) throws IOException {
    Set<Path> names = new HashSet<>();
    Set<String> keys = new HashSet<>();
    for (Served each : adapters) {
      names.add(root.resolve(each.name()));
      keys.add(each.key());
    }
    for (Path link : links()) {
      if (!names.contains(link)) Files.deleteIfExists(link);
    }
    for (Path files : entries(root.resolve(FILES))) {
      String key = String.valueOf(files.getFileName());
      if (keys.contains(key)) continue;
      if (key.startsWith(MAKING) || !exists.test(Served.adapterId(key))) FileTrees.delete(files);
    }
  }

  /** Those of Graft: into its files. */
  private List<Path> links() throws IOException {
    Files.createDirectories(root);
    try (Stream<Path> all = Files.walk(root, 2)) {
      return all.filter(Files::isSymbolicLink).filter(this::isLinkOfGraft).toList();
    }
  }

  private boolean isLinkOfGraft(Path link) {
    try {
      Path parent = Objects.requireNonNull(link.getParent());
      Path target = parent.resolve(Files.readSymbolicLink(link)).normalize();
      return target.startsWith(root.resolve(FILES));
    } catch (IOException gone) {
      return false;
    }
  }

  private static List<Path> entries(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) return List.of();
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (NoSuchFileException gone) {
      return List.of();
    }
  }
}
