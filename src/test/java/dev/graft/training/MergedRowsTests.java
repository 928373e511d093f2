package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.Tuner.WeightRows;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MergedRowsTests {
  private static final int WIDTH = 1000;

  /** Numbers that say in which row they are; of any size. */
  private record Rows(long rows) implements TensorData {
    @Override
    public long byteSize() {
      return 4 * WIDTH * rows;
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      for (long at = 0; at < into.byteSize(); at += 4) {
        into.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (from + at) / (4 * WIDTH));
      }
    }
  }

  private final List<Integer> merged = new ArrayList<>();

  /** Each number becomes that of its row twice: what is stored, and what the block says. */
  private WeightRows twice(WeightRows rows) {
    merged.add(rows.first());
    float[] values = rows.values();
    for (int i = 0; i < values.length; i++) values[i] += rows.first() + i / WIDTH;
    return rows;
  }

  private float[] read(TensorData data, long row, int count) {
    float[] values = new float[WIDTH * count];
    data.copyTo(4 * WIDTH * row, MemorySegment.ofArray(values));
    return values;
  }

  @Test
  void rowsBeyondTwoGigabytesAreMergedInBlocks() {
    long rows = 1 << 20; // 4.2 GB
    var data =
        new MergedModel.MergedRows(new Rows(rows), new long[] {rows, WIDTH}, true, this::twice);
    assertThat(read(data, rows - 1, 1)).containsOnly(2f * (rows - 1));
    assertThat(merged).hasSize(1).allMatch(first -> first > rows - 10_000);
  }

  @Test
  void slicesNeedNotFitBlocks() {
    long rows = 9_000; // blocks of 4,096 rows, whole heads
    var data =
        new MergedModel.MergedRows(new Rows(rows), new long[] {rows, WIDTH}, true, this::twice);
    float[] across = read(data, 4_000, 4_900);
    for (int i = 0; i < 4_900; i++) assertThat(across[i * WIDTH]).isEqualTo(2f * (4_000 + i));
    assertThat(merged).containsExactly(0, 4_096, 8_192);
  }

  @Test
  void whatDoesNotMergeByRowsIsGivenWhole() {
    var data =
        new MergedModel.MergedRows(new Rows(9_000), new long[] {9_000, WIDTH}, false, this::twice);
    assertThat(read(data, 8_999, 1)).containsOnly(2f * 8_999);
    assertThat(merged).containsExactly(0);
  }
}
