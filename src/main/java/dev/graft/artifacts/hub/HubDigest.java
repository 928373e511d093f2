package dev.graft.artifacts.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What a listing says of a file's bytes: the SHA-256 of a large one (Git LFS), or the SHA-1 that
 * Git names a blob by.
 *
 * @param hex of 64 digits, or of 40
 */
record HubDigest(String hex) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{40}");
  private static final int BUFFER = 1 << 18;

  HubDigest {
    if (!HEX.matcher(hex).matches()) {
      throw new HubRefused("the hub's listing names a file by no digest: " + shown(hex));
    }
  }

  private static String shown(String text) {
    return text.length() > 80 ? text.substring(0, 80) + "..." : text;
  }

  boolean isOf(Path file) throws IOException {
    MessageDigest digest = started(Files.size(file));
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest()).equals(hex);
  }

  private MessageDigest started(long size) {
    try {
      if (hex.length() == 64) return MessageDigest.getInstance("SHA-256");
      MessageDigest git = MessageDigest.getInstance("SHA-1");
      git.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
      return git;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
