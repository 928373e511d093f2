package dev.graft.inference.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.artifacts.Digest;
import dev.graft.inference.protocol.Ask;
import dev.graft.inference.protocol.ClassifyAsk;
import dev.graft.inference.protocol.Decoding;
import dev.graft.inference.protocol.GenerateAsk;
import dev.graft.inference.protocol.LabelScore;
import dev.graft.inference.protocol.Prompt;
import dev.graft.inference.protocol.Reply;
import dev.graft.inference.serving.InferenceProperties;
import dev.graft.inference.serving.NoCapacity;
import dev.graft.inference.serving.ServedModel;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.Ids;
import dev.graft.spec.Quantization;
import dev.graft.training.generation.Sampling;
import dev.graft.weights.config.basics.Task;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The board where chats wait for workers. */
class CallBoardTests {
  private static final Digest BASE = new Digest("a".repeat(64));
  private static final Digest OTHER = new Digest("b".repeat(64));
  private static final Ask ASK =
      new GenerateAsk(
          7,
          null,
          new Prompt.TokenIds(List.of(1, 2)),
          16,
          new Decoding(
              false, null, 1, new Sampling(0.5, 1, 0, 0, Map.of(3, -1.5), 9), List.of("x"), 2));
  private static final InferenceCall.Wanted ANY = new InferenceCall.Wanted(0, List.of());

  private final CallBoard board =
      new CallBoard(
          new InferenceProperties(
              1,
              1,
              1,
              Duration.ofMinutes(1),
              Duration.ofMinutes(1),
              Duration.ofMinutes(1),
              Duration.ofSeconds(1),
              16,
              "64m",
              Path.of("unused"),
              Duration.ofDays(1),
              InferenceProperties.RunOn.WORKERS,
              Duration.ofSeconds(1),
              false),
          new Ids(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC)));

  @BeforeEach
  void aWorkerIsThere() throws InterruptedException {
    assertThat(board.take("one", ANY)).isEmpty();
  }

  private static ServedModel model(Digest base) {
    return new ServedModel("m", base, null);
  }

  @Test
  void aCallIsTheSameAfterItsWay() {
    Quantization rounded = new Quantization.FourBit(Quantization.QuantType.NF4, true);
    ServedModel model =
        new ServedModel("ft:m", new ServedModel.LoadedWeights(BASE, null, rounded, false), OTHER);
    InferenceCall call = InferenceCall.of("call_1", model, ASK);
    InferenceCall read = LeaseWire.read(LeaseWire.write(call), InferenceCall.class);
    assertThat(read).isEqualTo(call);
    assertThat(read.served()).isEqualTo(model);
    assertThat(read.manifests()).containsExactly(BASE, OTHER);
  }

  @Test
  void aClassificationAndItsLabelsAreTheSameAfterTheirWay() {
    ServedModel model =
        new ServedModel("ft:m", new ServedModel.LoadedWeights(BASE, null, null, true), OTHER);
    InferenceCall call =
        InferenceCall.of("call_1", model, new ClassifyAsk(7, null, List.of("a", "b"), true, 3));
    InferenceCall read = LeaseWire.read(LeaseWire.write(call), InferenceCall.class);
    assertThat(read).isEqualTo(call);
    assertThat(read.served()).isEqualTo(model);
    InferenceCall.CallReport report =
        new InferenceCall.CallReport(
            0,
            List.of(
                new Reply.Labels(
                    7,
                    2,
                    Task.Problem.SINGLE_LABEL_CLASSIFICATION,
                    List.of(List.of(new LabelScore("yes", 0.9), new LabelScore("no", 0.1))))),
            null);
    assertThat(LeaseWire.read(LeaseWire.write(report), InferenceCall.CallReport.class))
        .isEqualTo(report);
  }

  @Test
  void aWorkerGetsTheCallThatItHasTheModelFor() throws InterruptedException {
    board.place("support", model(BASE), ASK);
    board.place("support", model(OTHER), ASK);
    String warm = model(OTHER).weights().name();
    assertThat(board.take("one", new InferenceCall.Wanted(0, List.of(warm))).orElseThrow().base())
        .isEqualTo(OTHER);
    assertThat(board.take("one", ANY).orElseThrow().base()).isEqualTo(BASE);
    assertThat(board.take("one", ANY)).isEmpty();
  }

  @Test
  void aReportThatIsRepeatedIsHeardOnceAndOneWithAGapNotAtAll() throws InterruptedException {
    PlacedCall call = board.place("support", model(BASE), ASK);
    String id = board.take("one", ANY).orElseThrow().id();
    Reply.Piece first = new Reply.Piece(7, 0, "a", List.of(), null);
    Reply.Piece second = new Reply.Piece(7, 0, "b", List.of(), Reply.End.STOP);
    board.held("one", id).report(new InferenceCall.CallReport(0, List.of(first), null));
    board.held("one", id).report(new InferenceCall.CallReport(0, List.of(first), null));
    board.held("one", id).report(new InferenceCall.CallReport(2, List.of(first), null));
    board.held("one", id).report(new InferenceCall.CallReport(0, List.of(first, second), null));
    List<PlacedCall.Heard> heard = new ArrayList<>();
    for (PlacedCall.Heard next = call.next(0); next != null; next = call.next(0)) heard.add(next);
    assertThat(heard)
        .containsExactly(new PlacedCall.Heard.Said(first), new PlacedCall.Heard.Said(second));
  }

  @Test
  void aCallIsItsWorkersAloneAndGoneWithTheChat() throws InterruptedException {
    PlacedCall call = board.place("support", model(BASE), ASK);
    String id = board.take("one", ANY).orElseThrow().id();
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> board.held("two", id));
    assertThat(board.held("one", id)).isSameAs(call);
    board.leave(call);
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> board.held("one", id));
  }

  @Test
  void aCallThatItsWorkerNeverHeardOfGoesToAnother() throws InterruptedException {
    PlacedCall call = board.place("support", model(BASE), ASK);
    String id = board.take("one", ANY).orElseThrow().id();
    board.putBack(call);
    assertThat(board.take("two", ANY).orElseThrow().id()).isEqualTo(id);
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> board.held("one", id));
    board.held("two", id).report(new InferenceCall.CallReport(0, List.of(), null));
    board.putBack(call);
    assertThat(board.take("one", ANY)).isEmpty();
  }

  @Test
  void aDepartmentHasItsPlacesAndGetsThemBack() {
    PlacedCall call = board.place("support", model(BASE), ASK);
    assertThatExceptionOfType(NoCapacity.class)
        .isThrownBy(() -> board.place("support", model(BASE), ASK))
        .withMessageContaining("your department has 1 chats");
    board.place("legal", model(BASE), ASK);
    assertThatExceptionOfType(NoCapacity.class)
        .isThrownBy(() -> board.place("plant", model(BASE), ASK))
        .withMessageContaining("queue is full");
    board.leave(call);
    board.place("plant", model(BASE), ASK);
  }
}
