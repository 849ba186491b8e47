// Controllers is Knative Eventing's control plane for brokers on in-memory
// channels, and the dispatcher of those channels, in one process and without
// pods.
package main

import (
	"knative.dev/eventing/pkg/apis/sinks"
	"knative.dev/eventing/pkg/auth"
	"knative.dev/eventing/pkg/certificates"
	eventinginformers "knative.dev/eventing/pkg/client/injection/informers/factory/filtered"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/reconciler/broker"
	mttrigger "knative.dev/eventing/pkg/reconciler/broker/trigger"
	"knative.dev/eventing/pkg/reconciler/channel"
	"knative.dev/eventing/pkg/reconciler/eventtransform"
	"knative.dev/eventing/pkg/reconciler/eventtype"
	imccontroller "knative.dev/eventing/pkg/reconciler/inmemorychannel/controller"
	imcdispatcher "knative.dev/eventing/pkg/reconciler/inmemorychannel/dispatcher"
	"knative.dev/eventing/pkg/reconciler/jobsink"
	"knative.dev/eventing/pkg/reconciler/requestreply"
	"knative.dev/eventing/pkg/reconciler/subscription"
	kubeinformers "knative.dev/pkg/client/injection/kube/informers/factory/filtered"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
)

func main() {
	// The stock controllers look only at objects with these labels; without the
	// selectors their informers do not start.
	ctx := kubeinformers.WithSelectors(signals.NewContext(),
		auth.OIDCLabelSelector,
		eventingtls.TrustBundleLabelSelector,
		sinks.JobSinkJobsLabelSelector,
		eventtransform.JsonataResourcesSelector,
		certificates.SecretLabelSelectorPair,
		requestreply.SecretLabelSelector,
	)
	ctx = eventinginformers.WithSelectors(ctx, eventtransform.JsonataResourcesSelector)
	// The dispatcher serves at the port of the probes.
	ctx = sharedmain.WithHealthProbesDisabled(ctx)
	sharedmain.MainWithContext(ctx, "controllers",
		broker.NewController,
		mttrigger.NewController,
		channel.NewController,
		subscription.NewController,
		eventtype.NewController,
		jobsink.NewController,
		imccontroller.NewController,
		imcdispatcher.NewController,
	)
}
