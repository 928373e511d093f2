package dev.graft.datasets;

import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.S3Failure;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.ResumedDownload.DownloadRefused;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Optional;

/** Which failures another try does not change, as whoever asked for the file is told them. */
final class LastingFailure {
  private static final int CHANGED = 412;

  private LastingFailure() {}

  static Optional<String> reason(IOException failure) {
    return Optional.ofNullable(
        switch (failure) {
          case DownloadRefused refused -> refused.getMessage();
          case BlobTooLarge _ -> "The rows are more than a file may have (docs/files.md).";
          case ForeignBucket.TooManyKeys _ ->
              "The objects lie among too many others: name more of the beginning of their keys.";
          case S3Failure s3 when s3.status() == CHANGED ->
              "An object was changed while it was read: import it again when it is as it shall be.";
          case S3Failure s3 when refuses(s3.status()) ->
              s3.getMessage() + ": ask an administrator of this Graft whether its key may read it.";
          default -> null;
        });
  }

  private static boolean refuses(int status) {
    return status >= 300 && status < 500 && status != 408 && status != 429;
  }

  /** What is met and may pass; addresses and paths of the inside are not told. */
  static String passing(IOException failure) {
    return switch (failure) {
      case S3Failure s3 when s3.status() == 0 ->
          "The S3 server does not answer, or this Graft has no key for it.";
      case StorageFull _ -> "The server has no room for it.";
      case FileSystemException _ -> "The server's disk is full, or fails.";
      default -> String.valueOf(failure.getMessage());
    };
  }
}
