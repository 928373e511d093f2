package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A directory as {@link ManifestArchive} writes one, without its files being blobs first. */
public final class DirectoryArchive {
  private DirectoryArchive() {}

  /**
   * Writes tar.gz; does not close {@code out}. Weights hardly get smaller, so little time is taken.
   *
   * @throws IOException also where it holds a link or anything else that is no plain file
   */
  public static void write(Path directory, OutputStream out) throws IOException {
    TreeMap<String, Path> files = new TreeMap<>();
    for (Path each : all(directory)) {
      if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) continue;
      String name = directory.relativize(each).toString();
      if (!Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(name + " is no plain file");
      }
      files.put(name, each);
    }
    TarGz tar = TarGz.fast(out);
    for (var file : files.entrySet()) {
      try (InputStream in = Files.newInputStream(file.getValue(), LinkOption.NOFOLLOW_LINKS)) {
        tar.add(file.getKey(), Files.size(file.getValue()), in);
      }
    }
    tar.finish();
  }

  private static List<Path> all(Path directory) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.toList();
    }
  }
}
