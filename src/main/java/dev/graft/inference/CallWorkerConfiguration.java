package dev.graft.inference;

import dev.graft.artifacts.BlobCache;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.EveryRole;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import java.io.IOException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** A worker of its own answers chats beside its jobs, unless it is told not to. */
@EveryRole
@Configuration(proxyBeanMethods = false)
@Profile("worker & !server")
@ConditionalOnProperty(name = "graft.inference.offer", matchIfMissing = true)
class CallWorkerConfiguration {
  @Bean(destroyMethod = "close")
  WarmModels warmModels(
      BlobCache blobs,
      InferenceProperties settings,
      GraftProperties graft,
      ChildConfinement confinement)
      throws IOException {
    Children inferrers = confinement.within(InferenceConfiguration.directory(settings, graft));
    ModelDirectories files =
        InferenceConfiguration.directories(
            ModelDirectories.source(blobs.store()), settings, graft, inferrers);
    blobs.beforeEviction(files::removeIdle);
    return new WarmModels(
        settings,
        files,
        model -> ChildJvm.ofThisProgram(settings.heap(), InferenceConfiguration.arguments(model)),
        inferrers);
  }

  @Bean
  TrainingPriority trainingFirst(WarmModels models, InferenceProperties settings) {
    return new TrainingPriority(models, settings.besideTraining());
  }

  @Bean
  LoopThreads callThreads(
      WorkerLink link,
      BlobCache blobs,
      WarmModels models,
      TrainingPriority device,
      InferenceProperties settings,
      Traces traces) {
    return new CallLoop(link, blobs, models, device, traces).threads(settings.maxLoadedModels());
  }
}
