package dev.graft.inference.child;

import dev.graft.training.Generator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A test double of a model: says the prompt again, in capitals with an adapter. "die" kills its
 * process, "hang" says nothing more, "break" throws.
 */
public final class Parrot implements Generator {
  private @Nullable Path adapter;

  @Override
  public void adapter(@Nullable Path directory) {
    if (directory != null && directory.endsWith("bad")) {
      throw new IllegalArgumentException("does not fit");
    }
    adapter = directory;
  }

  @Override
  public Generation generate(
      int[] prompt, int maxNewTokens, Set<Integer> stop, IntConsumer onToken) {
    String text = new String(prompt, 0, prompt.length);
    switch (text) {
      case "die" -> Runtime.getRuntime().halt(9);
      case "hang" -> hang();
      case "break" -> throw new IllegalStateException("broken");
      default -> {}
    }
    int[] all = prompt.clone();
    if (adapter != null) all = text.toUpperCase(java.util.Locale.ROOT).codePoints().toArray();
    int[] said = Arrays.copyOf(all, Math.min(maxNewTokens, all.length));
    for (int id : said) onToken.accept(id);
    return new Generation(said, said.length == all.length && said.length < maxNewTokens);
  }

  private static void hang() {
    try {
      new java.util.concurrent.CountDownLatch(1).await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {}

  /** The inferrer with this double, as a process of its own. */
  public static void main(String[] arguments) throws InterruptedException {
    new InferrerProgram(System.in, System.out, () -> Runtime.getRuntime().halt(0))
        .serve(new ParrotText(), base -> new Parrot(), Path.of(arguments[0]));
  }
}
