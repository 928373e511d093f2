package dev.graft.worker;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.ErasedContent;
import dev.graft.artifacts.ErasedCopies;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.LocalCopies;
import dev.graft.artifacts.Scratch;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.EveryRole;
import dev.graft.platform.FileTrees;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import dev.graft.worker.RayTrainers.RayProperties;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/**
 * The beans of a worker. In the process of a server it uses the server's store and the in-process
 * protocol; alone it has a store of its own and uses HTTP.
 */
@EveryRole
@Configuration(proxyBeanMethods = false)
@Profile("worker")
@EnableConfigurationProperties({WorkerProperties.class, RayProperties.class})
class WorkerConfiguration {
  @Configuration(proxyBeanMethods = false)
  @Profile("!server")
  static class Remote {
    @Bean(destroyMethod = "close")
    FileArtifactStore workerBlobs(WorkerProperties settings) throws IOException {
      return FileArtifactStore.open(settings.directory());
    }

    @Bean
    BlobCache copies(FileArtifactStore store, WorkerProperties settings) throws IOException {
      long disk = Files.getFileStore(settings.directory()).getTotalSpace();
      return BlobCache.of(store, settings.copies(disk));
    }

    /**
     * @param devices created first, so that only a worker with usable devices uses up its token
     */
    @Bean
    WorkerHttp workerHttp(WorkerProperties settings, TrainerDevices devices) throws IOException {
      URI server = settings.server();
      String credential = WorkerCredential.obtain(settings, server);
      return new WorkerHttp(
          server, new WorkerCredential.RenewedCredential(settings, credential), settings);
    }

    @Bean
    ErasedContent erasedContent(WorkerHttp http, WorkerProperties settings) {
      return new HttpErasedContent(http, settings.callTimeout());
    }

    @Bean
    ErasedCopies erasedCopies(ErasedContent content, BlobCache copies) {
      return new ErasedCopies(content, copies);
    }

    @Bean
    LeaseProtocol leaseProtocol(WorkerHttp http, WorkerProperties settings) {
      return new HttpLeaseProtocol(http, settings.callTimeout());
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Profile("server")
  static class BesideServer {
    @Bean
    BlobCache serversBlobs(LocalCopies copies) {
      return copies.cache();
    }
  }

  /**
   * Opens the directory of runs, and deletes those of killed processes with their links to copies.
   */
  @Bean(destroyMethod = "close")
  Scratch runs(WorkerProperties settings, TrainerCommandLine trainer) throws IOException {
    // Links of earlier releases, which would keep evicted and deleted copies on the disk.
    FileTrees.delete(settings.directory().resolve("models"));
    Path tokens = tokens(settings);
    if (!trainer.children().kept("tokens", tokens).equals(tokens)) FileTrees.delete(tokens);
    Path jobs = settings.directory().resolve("jobs");
    Scratch runs = Scratch.open(jobs);
    trainer.children().pass(jobs);
    trainer.children().pass(runs.directory());
    return runs;
  }

  @Bean
  TrainerDevices trainerDevices(
      WorkerProperties settings, RayProperties ray, TrainerCommandLine commandLine)
      throws IOException {
    if (!onRay(settings, ray)) return TrainerDevices.of(settings, commandLine);
    Device cluster = ray.device(settings.deviceMemory(), settings.workerClass());
    Trainer.Trainers trainers = RayTrainers.of(ray, settings.callTimeout());
    return new TrainerDevices(
        List.of(
            new TrainerDevices.TrainerDevice(cluster, trainers, TrainerDevices.DeviceMeter.NONE)));
  }

  private static boolean onRay(WorkerProperties settings, RayProperties ray) {
    return ray.address() != null || RayProperties.WORKER_CLASS.equals(settings.workerClass());
  }

  @Bean
  TrainerCommandLine trainerCommandLine(WorkerProperties settings, ChildConfinement confinement) {
    return new TrainerCommandLine(
        ChildJvm.ofThisProgram(settings.heap(), "trainer"),
        Map.of(),
        confinement.within(settings.directory()));
  }

  @Bean
  HttpErasedContent.ErasedTokens erasedTokens(
      ErasedContent content, TrainerCommandLine trainer, WorkerProperties settings) {
    return new HttpErasedContent.ErasedTokens(
        content, trainer.children().kept("tokens", tokens(settings)));
  }

  @Bean
  LoopThreads workerThreads(
      LeaseProtocol protocol,
      BlobCache blobs,
      Scratch runs,
      ApplicationEventPublisher events,
      TrainerDevices devices,
      TrainerCommandLine trainer,
      WorkerProperties settings,
      Traces traces) {
    int cores = Runtime.getRuntime().availableProcessors();
    Integer threads = settings.trainerThreads(cores, devices.all().size());
    RunPreparation preparation =
        new RunPreparation(
            blobs,
            protocol,
            runs.directory(),
            trainer.children().kept("tokens", tokens(settings)),
            threads);
    StopTimes stopTimes = new StopTimes(settings.directory());
    return WorkerLoop.threads(
        devices.all().stream()
            .map(
                each ->
                    new WorkerLoop(
                        each,
                        protocol,
                        preparation,
                        events::publishEvent,
                        settings,
                        stopTimes,
                        traces))
            .toList());
  }

  private static Path tokens(WorkerProperties settings) {
    return settings.directory().resolve("tokens").toAbsolutePath();
  }
}
