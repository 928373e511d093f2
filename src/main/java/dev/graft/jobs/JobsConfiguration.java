package dev.graft.jobs;

import dev.graft.platform.LoopThreads;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Beans of the queue: its settings, and the loop that serves event streams. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(JobProperties.class)
class JobsConfiguration {
  @Bean
  FollowedJobs followedJobs(JobEvents events, JobProperties settings) {
    return new FollowedJobs(events, settings.eventStreams());
  }

  @Bean
  LoopThreads followedJobsThread(FollowedJobs followed) {
    return followed.threads();
  }
}
