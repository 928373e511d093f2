package dev.graft.artifacts.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Files of a commit of a data set, in order of name.
 *
 * @param source the commit and the files, as {@link HubRepository#parseDataSet} takes it
 * @param bytes of all of them
 */
public record HubDataSet(String source, List<String> names, long bytes, Bringing bringing) {
  private static final int LONGEST_PATH = 200;

  /** Fetches the files to this machine. */
  @FunctionalInterface
  public interface Bringing {
    /**
     * Fetches as {@link Hub#fetch} does.
     *
     * @return the local files in order of name; treat them as read-only
     */
    List<Path> into(Path directory, Hub.Progress progress) throws IOException;
  }

  static HubDataSet listed(
      HubApi api, HubCache cache, HubRepository pinned, Predicate<String> wanted, int most)
      throws IOException {
    List<HubFile> files =
        api.files(pinned, path -> path.length() <= LONGEST_PATH && wanted.test(path), most).stream()
            .sorted(Comparator.comparing(HubFile::path))
            .toList();
    if (files.stream().anyMatch(file -> file.size() < 0)) {
      throw new HubRefused("the hub's listing of %s lacks sizes".formatted(pinned));
    }
    return new HubDataSet(
        pinned.toString(),
        files.stream().map(HubFile::path).toList(),
        files.stream().mapToLong(HubFile::size).reduce(0, HubDataSet::sum),
        (directory, progress) -> {
          new HubFetch(api, cache, pinned, directory, progress).bring(files, () -> {});
          return files.stream().map(file -> directory.resolve(file.name())).toList();
        });
  }

  /** Adds up sizes, which the hub may have invented, without an overflow. */
  private static long sum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }

  /** Finds the files in a cache, where they stay. */
  static HubDataSet cached(Path snapshot, HubRepository pinned, Predicate<String> wanted)
      throws IOException {
    Path directory = snapshot.resolve(pinned.directory());
    List<Path> files = List.of();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> all = Files.list(directory)) {
        files =
            all.filter(Files::isRegularFile)
                .filter(file -> wanted.test(pinned.directory() + file.getFileName()))
                .sorted()
                .toList();
      }
    }
    long bytes = 0;
    for (Path file : files) bytes += Files.size(file);
    List<Path> found = files;
    return new HubDataSet(
        pinned.toString(),
        found.stream().map(file -> pinned.directory() + file.getFileName()).toList(),
        bytes,
        (unused, progress) -> found);
  }
}
