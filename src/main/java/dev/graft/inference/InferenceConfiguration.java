package dev.graft.inference;

import dev.graft.artifacts.LocalCopies;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.Ids;
import dev.graft.platform.database.Hints;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** The beans that answer requests, and the model directories. */
@Configuration
class InferenceConfiguration {
  /**
   * Returns the engine if one is configured, else processes of this machine or workers. These
   * always label texts.
   */
  @Bean
  Inferrer inferrer(
      InferenceProperties settings,
      InferenceProperties.EngineProperties engine,
      LocalModels files,
      CallBoard board,
      Children inferrers,
      Environment environment) {
    Inferrer own = own(settings, files, board, inferrers, environment);
    URI url = engine.url();
    if (url == null) return own;
    EngineHttp http = new EngineHttp(url, engine.apiKey());
    return new EngineInferrer(
        http, new EngineInferrer.EngineModels(http, engine, files), engine, settings, own);
  }

  private static Inferrer own(
      InferenceProperties settings,
      LocalModels files,
      CallBoard board,
      Children inferrers,
      Environment environment) {
    boolean here =
        switch (settings.runOn()) {
          case AUTO -> environment.acceptsProfiles(Profiles.of("worker"));
          case SERVER -> true;
          case WORKERS -> false;
        };
    if (!here) return new CallBoard.RoutedInferrer(board, settings);
    return new WarmModels(
        settings,
        files,
        model -> ChildJvm.ofThisProgram(settings.heap(), arguments(model)),
        inferrers);
  }

  @Bean
  CallBoard callBoard(InferenceProperties settings, Ids ids, CallRows rows, Hints hints) {
    return new CallBoard(settings, ids, rows, hints);
  }

  static String[] arguments(WarmModels.Laid model) {
    List<String> arguments =
        new ArrayList<>(List.of("inferrer", "--model", model.model().toString()));
    Path trained = model.trained();
    if (trained != null) arguments.addAll(List.of("--trained", trained.toString()));
    Quantization quantization = model.quantization();
    if (quantization != null) {
      arguments.addAll(List.of("--quantization", NamedQuantization.of(quantization).name()));
    }
    if (model.classifies()) arguments.add("--classify");
    return arguments.toArray(String[]::new);
  }

  @Bean
  LocalModels modelFiles(
      LocalCopies copies, InferenceProperties settings, GraftProperties graft, Children inferrers)
      throws IOException {
    ModelDirectories directories = directories(copies::materialise, settings, graft, inferrers);
    copies.cache().beforeEviction(directories::removeIdle);
    return directories;
  }

  @Bean
  Children inferrers(
      ChildConfinement confinement, InferenceProperties settings, GraftProperties graft) {
    return confinement.within(directory(settings, graft));
  }

  static ModelDirectories directories(
      ModelDirectories.Source files,
      InferenceProperties settings,
      GraftProperties graft,
      Children inferrers)
      throws IOException {
    Path root = directory(settings, graft);
    inferrers.share(root); // directories of an earlier process
    return new ModelDirectories(
        (manifest, target, wanted) -> {
          files.materialise(manifest, target, wanted);
          inferrers.share(target);
        },
        root,
        settings.keepFiles());
  }

  static Path directory(InferenceProperties settings, GraftProperties graft) {
    Path set = settings.directory();
    return set != null ? set : graft.dataDir().resolve("inference");
  }
}
