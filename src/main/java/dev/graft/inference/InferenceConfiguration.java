package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.GraftProperties;
import dev.graft.spec.NamedQuantization;
import dev.graft.spec.Quantization;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** The warm models and the files laid out for them. */
@Configuration
@Profile("server")
class InferenceConfiguration {
  /** An engine where one is configured, else processes of this machine. */
  @Bean
  Inferrer inferrer(InferenceProperties settings, EngineProperties engine, ModelFiles files) {
    URI url = engine.url();
    if (url != null) {
      EngineHttp http = new EngineHttp(url, engine.apiKey());
      return new EngineInferrer(http, new EngineModels(http, engine, files), engine, settings);
    }
    return new WarmModels(
        settings, files, model -> ChildJvm.ofThisProgram(settings.heap(), arguments(model)));
  }

  private static String[] arguments(WarmModels.Laid model) {
    List<String> arguments =
        new ArrayList<>(List.of("inferrer", "--model", model.model().toString()));
    Path trained = model.trained();
    if (trained != null) arguments.addAll(List.of("--trained", trained.toString()));
    Quantization quantization = model.quantization();
    if (quantization != null) {
      arguments.addAll(List.of("--quantization", NamedQuantization.of(quantization).name()));
    }
    return arguments.toArray(String[]::new);
  }

  @Bean
  ModelFiles modelFiles(ArtifactStore store, InferenceProperties settings, GraftProperties graft) {
    Path set = settings.directory();
    return new ModelDirectories(
        store, set != null ? set : graft.dataDir().resolve("inference"), settings.keepFiles());
  }
}
