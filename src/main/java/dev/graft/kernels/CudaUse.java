package dev.graft.kernels;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a GPU is doing. Each number is null where {@code nvidia-smi} does not have it.
 *
 * @param used bytes of its memory that anything has
 * @param total bytes of its memory
 * @param utilization percent of the last moment (at most a second) in which a kernel ran
 */
public record CudaUse(@Nullable Long used, @Nullable Long total, @Nullable Double utilization) {
  static final String FIELDS = "uuid,memory.used,memory.total,utilization.gpu";

  private static final int COUNT = FIELDS.split(",").length;

  /**
   * By UUID. A part of a GPU is not among them: {@code nvidia-smi} answers this for whole ones.
   *
   * @param rows of {@link #FIELDS}, one line a GPU; others are passed over
   */
  static Map<String, CudaUse> of(String rows) {
    Map<String, CudaUse> found = new HashMap<>();
    for (String line : rows.lines().toList()) {
      String[] values = line.split(",", -1);
      if (values.length != COUNT || !SmiReading.UUID.matcher(values[0].strip()).matches()) continue;
      found.put(
          values[0].strip(),
          new CudaUse(
              SmiReading.mebibytes(values[1]),
              SmiReading.mebibytes(values[2]),
              percent(values[3].strip())));
    }
    return found;
  }

  private static @Nullable Double percent(String text) {
    return text.matches("\\d{1,3}") ? Double.valueOf(Math.min(100, Integer.parseInt(text))) : null;
  }
}
