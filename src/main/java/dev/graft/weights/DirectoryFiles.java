package dev.graft.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Opens files of a model directory by plain name. A name cannot refer to a path outside of the
 * directory, and a symbolic link may only lead into the directory itself or, as in a Hugging Face
 * cache, into the {@code blobs} next to its {@code snapshots}.
 */
public final class DirectoryFiles {
  private final Path root;

  public DirectoryFiles(Path directory) {
    try {
      root = directory.toRealPath();
    } catch (IOException e) {
      throw new BadModel("the model directory does not exist or cannot be read", e);
    }
    if (!Files.isDirectory(root)) throw new BadModel("the model is not a directory");
  }

  public boolean has(String name) {
    return Files.exists(root.resolve(plain(name)));
  }

  /** Returns a file after checking that it is a regular file inside the directory. */
  public Path require(String name) {
    Path file = root.resolve(plain(name));
    if (!Files.exists(file)) throw new BadModel(name + " is missing from the model directory");
    try {
      Path real = file.toRealPath();
      if (!real.startsWith(root) && !inHubCache(real)) {
        throw new BadModel(name + " is a link to a file outside of the model directory");
      }
      if (!Files.isRegularFile(real)) throw new BadModel(name + " is not a regular file");
      return file;
    } catch (IOException e) {
      throw new BadModel(name + " cannot be read", e);
    }
  }

  /** Returns a file; null if it does not exist. */
  public @Nullable Path find(String name) {
    return has(name) ? require(name) : null;
  }

  private boolean inHubCache(Path real) {
    Path snapshots = root.getParent();
    if (snapshots == null || !snapshots.endsWith("snapshots")) return false;
    return real.startsWith(snapshots.resolveSibling("blobs"));
  }

  private static String plain(String name) {
    boolean safe = name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,200}");
    if (!safe) {
      String shown = name.length() > 60 ? name.substring(0, 60) + "..." : name;
      throw new BadModel("'" + shown + "' is not a plain file name");
    }
    return name;
  }

  public static byte[] bytes(Path file, int maxBytes) {
    String name = file.getFileName().toString();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new BadModel(name + " is larger than " + maxBytes + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new BadModel(name + " cannot be read", e);
    }
  }
}
