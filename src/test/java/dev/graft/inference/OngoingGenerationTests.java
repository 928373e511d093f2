package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.inference.Generations.OngoingGeneration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class OngoingGenerationTests {
  private static final OngoingGeneration.Head HEAD =
      new OngoingGeneration.Head("chatcmpl-1", 0, "tiny", "tiny", "fp", null);

  @Test
  void whatIsLoggedMeanwhileSaysWhoseRequestItIs() {
    AtomicReference<String> logged = new AtomicReference<>();
    try (var _ = MDC.putCloseable("request", "req_1");
        OngoingGeneration answer =
            new OngoingGeneration(
                HEAD,
                pieces -> {
                  logged.set(MDC.get("request"));
                  return new Reply.Done(0, 0, 0);
                })) {
      answer.done();
    }
    assertThat(logged).hasValue("req_1");
  }
}
