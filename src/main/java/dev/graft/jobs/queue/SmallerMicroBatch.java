package dev.graft.jobs.queue;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The answer to a run that ran out of memory: half the rows at a time, twice as often, so that an
 * optimiser step still sees the same rows.
 */
public final class SmallerMicroBatch {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String ROWS = "per_device_train_batch_size";
  private static final String TIMES = "gradient_accumulation_steps";

  private SmallerMicroBatch() {}

  public static boolean possible(String adapterJson) {
    return JSON.readTree(adapterJson).path("training").path(ROWS).asInt(1) > 1;
  }

  /** An odd number has none: then row by row, which keeps the rows of a step the same too. */
  static int half(int rows) {
    return rows % 2 == 0 ? rows / 2 : 1;
  }

  /** The resolved {@code adapter} object after {@code times} halvings. */
  public static String halved(String adapterJson, int times) {
    JsonNode adapter = JSON.readTree(adapterJson);
    if (times == 0 || !(adapter.path("training") instanceof ObjectNode training)) {
      return adapterJson;
    }
    for (int i = 0; i < times; i++) {
      int rows = training.path(ROWS).asInt(1);
      int factor = rows / half(rows);
      training.put(ROWS, half(rows)).put(TIMES, training.path(TIMES).asInt(1) * factor);
    }
    return adapter.toString();
  }
}
