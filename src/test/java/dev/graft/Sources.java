package dev.graft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of this repository, for tests that read them. */
final class Sources {
  static final Path ROOT = Path.of("").toAbsolutePath();

  private Sources() {}

  static List<Path> java(String tree) {
    try (Stream<Path> files = Files.walk(ROOT.resolve(tree))) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(String file) {
    return text(ROOT.resolve(file));
  }

  static String name(Path file) {
    return ROOT.relativize(file).toString();
  }
}
