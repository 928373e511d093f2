package dev.graft.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * A wheel that must be exactly this one.
 *
 * @param sha256 of the file, in hex
 * @param file its name, such as {@code torch-2.7.1-cp312-cp312-manylinux_2_28_x86_64.whl}
 */
record PinnedWheel(String sha256, String file) {
  private static final String PINS = "wheels.sha256";
  private static final int BUFFER = 1 << 20;

  /** Torch's and those that it links with. */
  static List<PinnedWheel> all() {
    try (InputStream in =
        Objects.requireNonNull(PinnedWheel.class.getResourceAsStream(PINS), PINS)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.split("  ", 2))
          .map(pin -> new PinnedWheel(pin[0], pin[1]))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As the index calls it. */
  String project() {
    return file.substring(0, file.indexOf('-')).replace('_', '-');
  }

  /** As {@code sha256sum} has it. */
  String line() {
    return sha256 + "  " + file;
  }

  /**
   * @throws WrongWheel if the file is another
   */
  void verify(Path path) throws IOException {
    String found = sha256(path);
    if (!found.equals(sha256)) {
      throw new WrongWheel(
          "%s has SHA-256 %s, and this Graft needs the one with %s".formatted(path, found, sha256));
    }
  }

  private static String sha256(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
