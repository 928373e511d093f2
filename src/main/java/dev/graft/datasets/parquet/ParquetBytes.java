package dev.graft.datasets.parquet;

import java.io.IOException;
import java.io.InputStream;
import org.springframework.core.io.InputStreamSource;

/**
 * The bytes of a file, anywhere in it.
 *
 * @param content whose streams skip without reading, as those of files do
 */
public record ParquetBytes(InputStreamSource content, long length) {
  /** Fewer where the file ends before. */
  byte[] read(long offset, int most) throws IOException {
    try (InputStream in = content.getInputStream()) {
      in.skipNBytes(offset);
      return in.readNBytes(most);
    }
  }
}
