package dev.graft;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** The class path of the tests where every user can read it: that of a build may be under /root. */
public final class ReachableClassPath {
  private ReachableClassPath() {}

  /**
   * @param directory that every user can pass; gets links to the jars
   */
  public static String in(Path directory) throws IOException {
    List<String> entries = new ArrayList<>();
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path entry = Path.of(each);
      if (!Files.isRegularFile(entry)) {
        entries.add(each);
        continue;
      }
      Path link = directory.resolve(entries.size() + "-" + entry.getFileName());
      try {
        Files.createLink(link, entry);
      } catch (FileSystemException anotherFileSystem) {
        Files.copy(entry, link);
      }
      entries.add(link.toString());
    }
    return String.join(File.pathSeparator, entries);
  }

  /** Lets every user pass a directory of a test. */
  public static Path opened(Path directory) throws IOException {
    return Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
  }
}
