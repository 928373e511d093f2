package dev.graft.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** What of a wheel is laid out: its libraries, the version of torch, and its licences. */
final class WheelFiles {
  /** {@code torch/lib}, {@code nvidia/NAME/lib}, {@code cusparselt/lib}. */
  private static final Pattern LIBRARY = Pattern.compile("(\\w+/){1,2}lib/[\\w.+-]+\\.so[.\\d]*");

  /** Python's own binding, which links with Python. */
  private static final String OF_PYTHON = "torch/lib/libtorch_python.so";

  private static final String VERSION = "torch/version.py";
  private static final Pattern LICENCE =
      Pattern.compile(
          "[\\w.+-]+/(licenses/)?[\\w.-]{0,40}LICENSE[\\w.-]{0,40}", Pattern.CASE_INSENSITIVE);

  private WheelFiles() {}

  /**
   * @return how many libraries
   * @throws WrongWheel if a name in it leads out of the directory
   */
  static int unpack(Path wheel, Path directory) throws IOException {
    int libraries = 0;
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        String name = entry.getName();
        refuseOutside(wheel, name);
        boolean library = LIBRARY.matcher(name).matches() && !name.equals(OF_PYTHON);
        if (!library && !name.equals(VERSION) && !LICENCE.matcher(name).matches()) continue;
        Path target = directory.resolve(name);
        Files.createDirectories(target.getParent());
        try (InputStream in = zip.getInputStream(entry)) {
          Files.copy(in, target);
        }
        if (library) libraries++;
      }
    }
    return libraries;
  }

  private static void refuseOutside(Path wheel, String name) throws WrongWheel {
    boolean up = Arrays.asList(name.split("[/\\\\]", -1)).contains("..");
    if (up || name.startsWith("/") || name.indexOf('\0') >= 0) {
      throw new WrongWheel("%s holds a file outside of itself: %s".formatted(wheel, name));
    }
  }
}
