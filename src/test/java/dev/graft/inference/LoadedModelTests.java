package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import dev.graft.model.Sampling;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadedModelTests {
  private static final InferrerOrder.Ask ASK =
      new InferrerOrder.GenerateAsk(
          1,
          null,
          new Prompt.PlainText("Ada has angina"),
          9,
          new InferrerOrder.Decoding(true, 8, 1, Sampling.GREEDY, List.of(), 1));

  /** It goes into the server's log. */
  @Test
  void whatFailedIsToldWithoutThePrompt() {
    assertThat(failed(new IllegalStateException("no such role: Ada has angina")))
        .startsWith("java.lang.IllegalStateException at dev.graft.inference.")
        .doesNotContain("Ada");
    assertThat(failed(new EngineException("CUDA error: device-side assert triggered")))
        .isEqualTo("ai.djl.engine.EngineException: CUDA error: device-side assert triggered");
  }

  private static String failed(RuntimeException failure) {
    Reply reply =
        InferrerCommand.LoadedModel.reply(
            ASK,
            () -> {
              throw failure;
            });
    return ((Reply.Failed) reply).message();
  }
}
