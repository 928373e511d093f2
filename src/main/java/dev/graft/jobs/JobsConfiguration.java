package dev.graft.jobs;

import dev.graft.platform.LoopThreads;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Settings of the queue, and the loop that follows jobs for their clients. */
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
