package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one lane of a micro-batch that is cut between its tokens hands to its neighbours: up, keys
 * and values to the one behind, stage by stage; down, the gradient of those back. Whoever needs
 * something waits for it. All lanes must run at the same time.
 */
final class TokenLane {
  private final @Nullable TokenLane before;
  private final boolean last;
  private final List<CompletableFuture<PtNDArray>> keys;
  private final List<CompletableFuture<PtNDArray>> gradients;

  private TokenLane(@Nullable TokenLane before, boolean last, int stages) {
    this.before = before;
    this.last = last;
    keys = promises(stages);
    gradients = promises(stages);
  }

  private static List<CompletableFuture<PtNDArray>> promises(int stages) {
    return Stream.generate(CompletableFuture<PtNDArray>::new).limit(stages).toList();
  }

  /**
   * @param lanes from the first tokens on
   */
  public static List<TokenLane> of(int lanes, int stages) {
    List<TokenLane> all = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      all.add(new TokenLane(i == 0 ? null : all.getLast(), i == lanes - 1, stages));
    }
    return all;
  }

  /** Keys and values of all tokens before this lane's, (2, kv, n, d); null = there are none. */
  @Nullable PtNDArray earlier(int stage) {
    return before == null ? null : before.keys.get(stage).join();
  }

  /** Whether a lane behind waits for keys and values. */
  boolean hands() {
    return !last;
  }

  void hand(int stage, PtNDArray keysAndValues) {
    keys.get(stage).complete(keysAndValues);
  }

  /** Gradient of what was handed on, of all lanes behind; null = there is none. */
  @Nullable PtNDArray later(int stage) {
    return last ? null : gradients.get(stage).join();
  }

  /** Gives the gradient of {@link #earlier} to the lane before. */
  void handBack(int stage, PtNDArray gradient) {
    if (before != null) before.gradients.get(stage).complete(gradient);
  }

  /** Nothing more comes from here. */
  void failed(Throwable why) {
    keys.forEach(each -> each.completeExceptionally(why));
    if (before != null) before.gradients.forEach(each -> each.completeExceptionally(why));
  }
}
