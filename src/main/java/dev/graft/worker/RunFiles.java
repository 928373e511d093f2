package dev.graft.worker;

import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files on their way into the directory of a run, and out of it. */
final class RunFiles {
  private static final Pattern STEP = Pattern.compile("step-([0-9]{8,9})");

  private RunFiles() {}

  /** Where the checkpoint after that step is, in a run's directory of them or in a worker's. */
  static Path checkpoint(Path checkpoints, int step) {
    return checkpoints.resolve("step-%08d".formatted(step));
  }

  /** The step of the newest whole one; 0 = there is none. */
  static int newestCheckpoint(Path checkpoints) throws IOException {
    if (!Files.isDirectory(checkpoints)) return 0;
    try (Stream<Path> all = Files.list(checkpoints)) {
      return all.map(each -> STEP.matcher(each.getFileName().toString()))
          .filter(Matcher::matches)
          .mapToInt(name -> Integer.parseInt(name.group(1)))
          .max()
          .orElse(0);
    }
  }

  /** What this worker has placed are links of its own: they are followed. */
  static void lay(Path from, Path to) throws IOException {
    if (Files.isDirectory(from)) copy(from, to, true);
    else linkOrCopy(from.toRealPath(), to);
  }

  /**
   * Takes what a run wrote over: regular files alone, as a link would name whatever this worker can
   * read.
   *
   * @param to replaced
   */
  static void take(Path from, Path to) throws IOException {
    FileTrees.delete(to);
    copy(from, to, false);
  }

  private static void copy(Path from, Path to, boolean follows) throws IOException {
    FileVisitOption[] visits =
        follows ? new FileVisitOption[] {FileVisitOption.FOLLOW_LINKS} : new FileVisitOption[0];
    LinkOption[] links = follows ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
    try (Stream<Path> tree = Files.walk(from, visits)) {
      for (Path each : (Iterable<Path>) tree::iterator) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each, links)) Files.createDirectories(target);
        else if (Files.isRegularFile(each, links)) {
          linkOrCopy(follows ? each.toRealPath() : each, target);
        }
      }
    }
  }

  /** A link where the file system allows it. */
  private static void linkOrCopy(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (IOException | UnsupportedOperationException otherFileSystem) {
      Files.copy(from, to, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
