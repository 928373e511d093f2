package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LaneThreadsTests {
  private final TorchThread.LaneThreads lanes = new TorchThread.LaneThreads(4);
  private int before;

  @BeforeEach
  void fourThreads() {
    TorchThread.prepare();
    before = TorchThread.threads();
    TorchThread.prepare(4);
  }

  @AfterEach
  void asBefore() {
    lanes.close();
    TorchThread.prepare(before);
  }

  /** Each waits for the other: one after the other they would never end. */
  @Test
  void lanesComputeAtTheSameTimeAndShareTheThreads() {
    CountDownLatch both = new CountDownLatch(2);
    Supplier<String> lane =
        () -> {
          both.countDown();
          try {
            both.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return Thread.currentThread().getName() + " " + TorchThread.threads();
        };
    String own = Thread.currentThread().getName();
    assertThat(lanes.run(List.of(lane, lane))).containsExactly(own + " 2", "lane-0 2");
    assertThat(TorchThread.threads()).isEqualTo(4);
  }

  @Test
  void aPlaceInTheListIsAlwaysTheSameThread() {
    List<Supplier<Thread>> three = new ArrayList<>();
    for (int i = 0; i < 3; i++) three.add(Thread::currentThread);
    List<Thread> first = lanes.run(three);
    assertThat(lanes.run(three.subList(0, 2))).isEqualTo(first.subList(0, 2));
    assertThat(lanes.run(three)).isEqualTo(first).doesNotHaveDuplicates();
  }

  @Test
  void anErrorIsThrownWhenAllHaveEnded() {
    AtomicBoolean ended = new AtomicBoolean();
    CountDownLatch failed = new CountDownLatch(1);
    Supplier<Integer> fails =
        () -> {
          failed.countDown();
          throw new IllegalStateException("in a lane");
        };
    Supplier<Integer> ends =
        () -> {
          try {
            failed.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          ended.set(true);
          return 1;
        };
    assertThatThrownBy(() -> lanes.run(List.of(fails, ends))).hasMessage("in a lane");
    assertThat(ended).isTrue();
    ended.set(false);
    assertThatThrownBy(() -> lanes.run(List.of(ends, fails))).hasMessage("in a lane");
    assertThat(ended).isTrue();
    assertThat(TorchThread.threads()).isEqualTo(4);
  }
}
