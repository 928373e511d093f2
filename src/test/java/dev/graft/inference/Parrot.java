package dev.graft.inference;

import dev.graft.model.Generator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A test double of a model: says the prompt again, in capitals with an adapter. "who are you?" is
 * answered by what the adapter's {@code who.txt} says; "die" kills its process, "hang" says nothing
 * more, "break" throws, "forever" never ends.
 */
public final class Parrot implements Generator {
  private static final int VOCABULARY = 0x3000;
  private final int context;
  private @Nullable Path adapter;

  Parrot(int context) {
    this.context = context;
  }

  @Override
  public void adapter(@Nullable Path directory) {
    if (directory != null && directory.endsWith("bad")) {
      throw new IllegalArgumentException("does not fit");
    }
    adapter = directory;
  }

  @Override
  public int vocabulary() {
    return VOCABULARY;
  }

  @Override
  public int context() {
    return context;
  }

  @Override
  public Text read(int[] prompt) {
    String text = new String(prompt, 0, prompt.length);
    switch (text) {
      case "die" -> Runtime.getRuntime().halt(9);
      case "hang" -> hang();
      case "who are you?" -> {
        return new Said(who().codePoints().toArray(), false);
      }
      case "break" -> throw new IllegalStateException("broken");
      default -> {}
    }
    String said = adapter == null ? text : text.toUpperCase(Locale.ROOT);
    return new Said(said.codePoints().toArray(), text.equals("forever"));
  }

  private String who() {
    if (adapter == null) return "the base";
    try {
      return Files.readString(adapter.resolve("who.txt"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Text read(int[] prompt, int first, Expectations expectations) {
    for (int i = first; i < prompt.length; i++) expectations.at(i, logits(prompt[i]));
    return read(prompt);
  }

  private static float[] logits(int next) {
    float[] logits = new float[VOCABULARY];
    logits[next] = 20;
    logits[next + 1] = 10;
    return logits;
  }

  /** The next token is likely by far; the one after it in the alphabet comes second. */
  private static final class Said implements Text {
    private final int[] ids;
    private final boolean endless;
    private int at;

    Said(int[] ids, boolean endless) {
      this.ids = ids;
      this.endless = endless;
    }

    @Override
    public float[] logits() {
      return Parrot.logits(
          endless ? ids[at % ids.length] : at < ids.length ? ids[at] : ParrotText.END);
    }

    @Override
    public void append(int id) {
      at++;
    }

    @Override
    public void rewind() {
      at = 0;
    }

    @Override
    public void close() {}
  }

  private static void hang() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {}

  /** The inferrer with this double, as a process of its own. */
  public static void main(String[] arguments) throws InterruptedException {
    new InferrerCommand.InferrerProgram(System.in, System.out, () -> Runtime.getRuntime().halt(0))
        .serve(new ParrotText(), base -> new Parrot(1 << 30), Path.of(arguments[0]));
  }
}
