package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.catalog.BaseModels;
import dev.graft.model.Sampling;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

/** A Graft is an OpenAI-compatible engine too: asked over HTTP it says what it says itself. */
@GraftIT
@TestPropertySource(properties = "graft.inference.run-on=server")
class EngineIT {
  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private BaseModels baseModels;
  @Autowired private Inferrer local;
  @Autowired private InferenceProperties settings;
  @Autowired private LocalModels files;
  @TempDir Path directory;

  @BeforeEach
  void aModel() throws IOException {
    baseModels.register("engine-tiny", TinyLlama.write(directory, 1));
  }

  @Test
  void anAnswerIsTheSameOverHttp() throws Exception {
    Prompt chat = new Prompt.Conversation(List.of(new Prompt.Turn("user", "hi")));
    Sampling sampling = new Sampling(0.9, 0.95, 0.1, 0.2, Map.of(70, 3.0), 11);
    same(
        new InferrerOrder.GenerateAsk(
            1,
            null,
            chat,
            99,
            new InferrerOrder.Decoding(false, 12, 1, sampling, List.of("zz"), 2)));
    same(
        new InferrerOrder.GenerateAsk(
            1,
            null,
            chat,
            99,
            new InferrerOrder.Decoding(false, 5000, 1, sampling, List.of(), null)));
    Prompt text = new Prompt.PlainText("once");
    same(
        new InferrerOrder.GenerateAsk(
            1,
            null,
            text,
            99,
            new InferrerOrder.Decoding(true, 8, 1, Sampling.GREEDY, List.of(), 1)));
  }

  private void same(InferrerOrder.Ask ask) throws Exception {
    String key = keys.create(departments.ensure("support"), Caller.Scope.USER).secret();
    URI url = URI.create("http://127.0.0.1:" + port + "/v1");
    InferenceProperties.EngineProperties properties =
        new InferenceProperties.EngineProperties(url, key, Map.of(), false, 4);
    ServedModel model =
        new ServedModel(
            "engine-tiny", baseModels.find("engine-tiny").orElseThrow().manifest(), null);
    EngineHttp http = new EngineHttp(url, key);
    try (EngineInferrer engine =
        new EngineInferrer(
            http,
            new EngineInferrer.EngineModels(http, properties, files),
            properties,
            settings,
            local::answer)) {
      List<Reply.Piece> here = new ArrayList<>();
      List<Reply.Piece> there = new ArrayList<>();
      Reply mine = local.answer("support", model, ask, here::add);
      Reply its = engine.answer("support", model, ask, there::add);
      assertThat(text(there)).isEqualTo(text(here));
      assertThat(scores(there)).isEqualTo(scores(here));
      if (mine instanceof Reply.Refused mineRefused) {
        assertThat(its)
            .isInstanceOfSatisfying(
                Reply.Refused.class, r -> assertThat(r.cause()).isEqualTo(mineRefused.cause()));
      } else {
        assertThat(its).isEqualTo(mine);
      }
    }
  }

  private static String text(List<Reply.Piece> pieces) {
    StringBuilder text = new StringBuilder();
    pieces.forEach(
        piece -> text.append(piece.text()).append(piece.end() == null ? "" : piece.end()));
    return text.toString();
  }

  private static List<Double> scores(List<Reply.Piece> pieces) {
    return pieces.stream()
        .flatMap(piece -> piece.scores().stream())
        .map(score -> score.logProbability() == null ? null : score.logProbability())
        .toList();
  }
}
