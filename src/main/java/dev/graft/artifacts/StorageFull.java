package dev.graft.artifacts;

import java.io.IOException;

/** No room is left where the blobs lie; nothing of the refused blob was kept. */
public final class StorageFull extends IOException {
  StorageFull(Throwable cause) {
    super("no space left in the artifact store: free some, or move it to a larger disk", cause);
  }

  public StorageFull(String what) {
    super("no space left in the artifact store: " + what);
  }

  /** This failure as {@link StorageFull} if the disk or the quota is exhausted, else as it is. */
  static IOException orSame(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    boolean full =
        message.contains("No space left on device") || message.contains("Disk quota exceeded");
    return full ? new StorageFull(failure) : failure;
  }
}
