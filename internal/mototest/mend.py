"""moto_server with its CloudFormation mended, so that the osls CLI can work against it.

The faults are in what moto keeps in memory, so they cannot be repaired by a proxy
in front of it. Each function below says what moto 5.2.5 does, and what AWS does.
README.md lists them. After another moto is pinned, the tests of this folder say which are
still needed and whether they still fit; a name that is gone ends this program at the start.

Run as `python mend.py FD`: FD is a socket that already listens on loopback. The
server ends when its standard input is closed, so that it never outlives who started it.
"""

import functools
import json
import os
import socket
import sys
import threading
import warnings

from moto.apigateway import models as apigateway
from moto.awslambda import models as awslambda
from moto.cloudformation import models as cloudformation
from moto.cloudformation import parsing
from moto.cloudformation import responses
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.dynamodb import responses as dynamodb
from moto.iam import models as iam
from moto.s3 import models as s3
from moto.s3.exceptions import S3ClientError


class ResourceFailed(Exception):
    """What a resource's own service said when the stack asked for the resource."""

    def __init__(self, verb, logical_id, resource_type, reason):
        super().__init__(reason)
        self.verb = verb  # CREATE, UPDATE or DELETE
        self.logical_id = logical_id
        self.resource_type = resource_type
        self.reason = reason


def reason_of(error):
    return getattr(error, "message", None) or getattr(error, "description", None) or str(error)


def replaces(owner, name):
    """Puts the function in the place of owner.name, which must exist, and gives it the old one."""
    old = getattr(owner, name)

    def put(function):
        @functools.wraps(old)
        def new(*args, **kwargs):
            return function(old, *args, **kwargs)

        setattr(owner, name, new)
        return new

    return put


# moto: a service's exception leaves CloudFormation as it is, in the form of that service.
# AWS: the stack has an event that names the resource and quotes the service.
def name_the_resource(verb, old, logical_id, resource_json, *args, **kwargs):
    try:
        return old(logical_id, resource_json, *args, **kwargs)
    except ResourceFailed:
        raise  # of something that this resource refers to
    except Exception as error:
        raise ResourceFailed(verb, logical_id, resource_json["Type"], reason_of(error)) from error


@replaces(parsing, "parse_and_create_resource")
def create_resource(old, *args, **kwargs):
    return name_the_resource("CREATE", old, *args, **kwargs)


# moto: a resource of a type that moto cannot update is forgotten by its stack: it can no
# longer be referred to, and stays behind when the stack is deleted.
# AWS: updates it. Here it keeps its old properties, and stays the stack's.
@replaces(parsing, "parse_and_update_resource")
def update_resource(old, logical_id, resource_json, resources_map, *args, **kwargs):
    before = resources_map[logical_id]
    after = name_the_resource(
        "UPDATE", old, logical_id, resource_json, resources_map, *args, **kwargs
    )
    return before if after is None else after


# moto: deletes what a template no longer has before it makes what is new, and remembers the
# deleted resource, so that a later template that has it again does not get it made.
# AWS: makes what is new first; a resource that comes back is made again.
@replaces(parsing.ResourceMap, "update")
def update_resources(old, self, template, parameters=None):
    before = self._resource_json_map
    diff = self.build_resource_diff(template, parameters)
    self._template = template
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    self._resource_json_map = template["Resources"]
    for name in diff["Add"]:
        self[name]
    waiting = diff["Modify"]
    while waiting:  # one may refer to another that is not yet updated
        failed = {}
        for name in waiting:
            try:
                self._parsed_resources[name] = parsing.parse_and_update_resource(
                    name,
                    self._resource_json_map[name],
                    self,
                    account_id=self._account_id,
                    region_name=self._region_name,
                )
            except Exception as error:
                failed[name] = error
        if len(failed) == len(waiting):
            raise next(iter(failed.values()))
        waiting = list(failed)
    remove_resources(self, diff["Remove"], before)


def remove_resources(resources, names, templates):
    """Deletes the named resources, in as many rounds as their dependencies need."""
    waiting = [n for n in names if templates[n].get("DeletionPolicy") != "Retain"]
    for name in set(names) - set(waiting):
        resources._parsed_resources.pop(name, None)
    while waiting:
        failed = {}
        for name in waiting:
            resource = resources._parsed_resources.get(name)
            try:
                if resource is not None:
                    resources._delete_resource(resource, templates[name])
                resources._parsed_resources.pop(name, None)
            except Exception as error:
                failed[name] = error
        if len(failed) == len(waiting):
            name, error = next(iter(failed.items()))
            raise ResourceFailed(
                "DELETE", name, templates[name]["Type"], reason_of(error)
            ) from error
        waiting = list(failed)


# moto: stops at the second round that deletes nothing, without a word of which resource.
# AWS: the stack's event names it.
@replaces(parsing.ResourceMap, "delete")
def delete_resources(old, self):
    remove_resources(self, list(self._resource_json_map), self._resource_json_map)
    self._resource_json_map = {}  # or a look at the deleted stack would make them again


# moto: a look at the resources of a stack makes those that are missing, and lists a nameless
# one for each of a type it cannot make (AWS::S3::BucketPolicy, which osls always has).
# AWS: lists what was made. Here what moto cannot make is not listed.
cloudformation.Stack.stack_resources = property(
    lambda self: [
        made
        for name in self.resource_map.resources
        if (made := self.resource_map._parsed_resources.get(name)) is not None
        and hasattr(made, "logical_resource_id")
    ]
)


def fail(stack, error):
    """Adds the event of the resource that failed, and returns the reason for the stack's own."""
    if not isinstance(error, ResourceFailed):
        return reason_of(error)
    stack.events.append(
        cloudformation.Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=error.logical_id,
            physical_resource_id="",
            resource_type=error.resource_type,
            resource_status=f"{error.verb}_FAILED",
            resource_status_reason=error.reason,
            resource_properties=None,
        )
    )
    return f"The following resource(s) failed to {error.verb.lower()}: [{error.logical_id}]. "


def enter(stack, status, reason=None):
    stack._add_stack_event(status, resource_status_reason=reason)
    stack.status = status


def exports_of(stack):
    return cloudformation.cloudformation_backends[stack.account_id][stack.region_name].exports


def link(stack):
    """Lets a stack see the exports of the others: moto gives it those that were there first."""
    stack.resource_map.cross_stack_resources = exports_of(stack)


def settle(stack):
    """Computes outputs and exports anew, as they are after a change."""
    exports = exports_of(stack)
    for name in [n for n, e in exports.items() if e.exporting_stack_id == stack.stack_id]:
        del exports[name]
    stack.output_map = stack._create_output_map()
    for export in stack.exports:
        if export.name in exports:
            raise ValidationError(
                message=f"Export with name {export.name} is already exported by stack "
                + exports[export.name].exporting_stack_id
            )
        exports[export.name] = export
    stack.outputs  # an output that cannot be had fails the change


def carry(stack, verb, template, parameters):
    """Takes a stack to a template, or back to where it was."""
    old_template, old_parameters = stack.template, dict(stack.resource_map.input_parameters)
    stack.template = template
    try:
        stack._parse_template()
        link(stack)
        stack.resource_map.update(stack.template_dict, parameters)
        stack.parameters = parameters or stack.parameters
        settle(stack)
    except Exception as error:
        reason = fail(stack, error)
        roll_back(stack, verb, reason, old_template, old_parameters)
        return
    stack.description = stack.template_dict.get("Description")
    enter(stack, f"{verb}_COMPLETE")


def roll_back(stack, verb, reason, template, parameters):
    status = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
    enter(stack, f"{status}_IN_PROGRESS", reason)
    try:
        if verb == "CREATE":
            stack.resource_map.delete()
            stack.template_dict = {}  # nothing is left that could have outputs
            settle(stack)
        else:
            stack.template = template
            stack._parse_template()
            stack.resource_map.update(stack.template_dict, parameters)
            stack.parameters = parameters
            settle(stack)
    except Exception as error:
        enter(stack, f"{status}_FAILED", fail(stack, error))
        return
    enter(stack, f"{status}_COMPLETE")


# moto: the outputs and exports of a stack that was made or changed by a change set stay those
# of before, that is none; when a resource fails, the call fails, and the stack is left half
# done with the status it had. The name of a change set is looked for in all stacks.
# AWS: the call succeeds; the stack ends in …_COMPLETE with outputs, or is rolled back.
@replaces(cloudformation.CloudFormationBackend, "execute_change_set")
def execute_change_set(old, self, change_set_name, stack_name=None):
    change_set = self.describe_change_set(change_set_name)
    if change_set.execution_status != "AVAILABLE":
        raise ValidationError(
            message=f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current"
            f" execution status of [{change_set.execution_status}]"
        )
    stack = self.stacks[change_set.stack_id]
    enter(stack, f"{change_set.change_set_type}_IN_PROGRESS", "User Initiated")
    carry(stack, change_set.change_set_type, change_set.template, change_set.parameters)
    change_set.execution_status = "EXECUTE_COMPLETE"


# The same for CreateStack and UpdateStack, which osls calls with `deploymentMethod: direct`.
@replaces(cloudformation.Stack, "create_resources")
def create_resources(old, self):
    self.status = "CREATE_IN_PROGRESS"
    try:
        link(self)
        self.resource_map.create(self.template_dict)
        settle(self)
    except Exception as error:
        roll_back(self, "CREATE", fail(self, error), self.template, self.parameters)
        return
    self.description = self.template_dict.get("Description")
    self.verify_readiness()


@replaces(cloudformation.Stack, "update")
def update_stack(old, self, template, role_arn=None, parameters=None, tags=None):
    enter(self, "UPDATE_IN_PROGRESS", "User Initiated")
    carry(self, "UPDATE", template, parameters)
    self.role_arn = role_arn
    if tags is not None:
        self.tags = tags


# moto: keeps a policy that stands in a role of a template as Python prints it.
# AWS: keeps its JSON.
@replaces(iam.Role, "put_policy")
def put_policy(old, self, name, policy):
    old(self, name, policy if isinstance(policy, str) else json.dumps(policy, default=str))


# moto: makes a change set for any stack, and a second stack of the same name.
# AWS: refuses a second creation (two first deployments at once: one wins), and all but
# deletion of a stack whose creation was rolled back.
@replaces(cloudformation.CloudFormationBackend, "create_change_set")
def create_change_set(old, self, stack_name, change_set_name, *args, **kwargs):
    for stack in self.stacks.values():
        if stack.name != stack_name:
            continue
        if stack.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            )
        if stack.status == "REVIEW_IN_PROGRESS":
            raise AlreadyExistsException(f"ChangeSet {change_set_name} already exists")
        if kwargs.get("change_set_type") == "CREATE":
            raise ValidationError(
                message=f"Stack [{stack_name}] already exists and cannot be created again with"
                f" the changeSet [{change_set_name}]"
            )
    return old(self, stack_name, change_set_name, *args, **kwargs)


# moto: fails with an error of Python when there is no such change set.
# AWS: succeeds.
@replaces(cloudformation.CloudFormationBackend, "delete_change_set")
def delete_change_set(old, self, change_set_name):
    for key, change_set in list(self.change_sets.items()):
        if change_set_name in (key, change_set.change_set_name):
            del self.change_sets[key]


# moto: forgets the stack before it deletes the resources; when one cannot be deleted, the
# others stay too, and the stack is gone.
# AWS: DELETE_FAILED, with the resource named; the stack stays, and can be deleted again.
@replaces(cloudformation.CloudFormationBackend, "delete_stack")
def delete_stack(old, self, name_or_stack_id):
    for stack in list(self.stacks.values()):
        if name_or_stack_id not in (stack.name, stack.stack_id):
            continue
        enter(stack, "DELETE_IN_PROGRESS", "User Initiated")
        try:
            stack.resource_map.delete()
        except Exception as error:
            enter(stack, "DELETE_FAILED", fail(stack, error))
            return
        for name in [n for n, e in self.exports.items() if e.exporting_stack_id == stack.stack_id]:
            del self.exports[name]
        enter(stack, "DELETE_COMPLETE")
        self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)


# moto: says nothing when the bucket is not empty, and leaves it behind.
# AWS: BucketNotEmpty, and the stack's deletion fails.
@replaces(s3.FakeBucket, "delete_from_cloudformation_json")
def delete_bucket(old, resource_name, cloudformation_json, account_id, region_name):
    backend = s3.s3_backends[account_id][s3.get_partition(region_name)]
    if backend.get_bucket(resource_name).keys:
        raise S3ClientError("BucketNotEmpty", "The bucket you tried to delete is not empty")
    return old(resource_name, cloudformation_json, account_id, region_name)


# moto: demands IntegrationHttpMethod and Uri of every method.
# AWS: a MOCK integration, which is what `cors: true` makes for OPTIONS, has neither.
@replaces(apigateway.Method, "create_from_cloudformation_json")
def create_method(old, resource_name, cloudformation_json, *args, **kwargs):
    integration = cloudformation_json["Properties"].setdefault("Integration", {"Type": "MOCK"})
    integration.setdefault("IntegrationHttpMethod", None)
    integration.setdefault("Uri", None)
    return old(resource_name, cloudformation_json, *args, **kwargs)


# moto: leaves the REST API behind when its stack is deleted.
# AWS: deletes it.
def delete_rest_api(self, account_id, region_name):
    apigateway.apigateway_backends[account_id][region_name].delete_rest_api(self.id)


apigateway.RestAPI.delete = delete_rest_api

# moto: Ref of a Lambda version is its name in the template.
# AWS: its ARN.
@replaces(awslambda.LambdaVersion, "create_from_cloudformation_json")
def create_version(old, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    made = old(resource_name, cloudformation_json, account_id, region_name, **kwargs)
    name = cloudformation_json["Properties"]["FunctionName"]
    function = awslambda.lambda_backends[account_id][region_name].get_function(name)
    made.physical_resource_id = f"{function.function_arn.removesuffix(':$LATEST')}:{made.version}"
    return made


# Rules of cfn-lint whose answer depends on the day it is asked: a runtime that is no
# longer supported (moto: refused on the day; AWS: months later, and by Lambda).
BY_DATE = {"E2531", "E2533"}


# moto: wraps what cfn-lint says into "Stack with id … does not exist".
# AWS: says what is wrong with the template.
@replaces(cloudformation.CloudFormationBackend, "validate_template")
def validate_template(old, self, template):
    for match in old(self, template):
        if match.rule.id not in BY_DATE:
            raise ValidationError(message=f"Template error: {match.message} ({match.rule.id})")
    return []


# moto: answers calls in threads, without locks around the maps that CloudFormation walks.
# Here one call at a time; ValidateTemplate, which is slow and touches nothing, is free.
LOCK = threading.RLock()


@replaces(responses.CloudFormationResponse, "call_action")
def call_action(old, self):
    if self._get_action() == "ValidateTemplate":
        return old(self)
    with LOCK:
        return old(self)


# moto: a transaction is not one while others write, and one that fails puts back all that
# it saw, also over what others wrote meanwhile. AWS: others see all of it or nothing.
# Here one call at a time.
TABLES = threading.RLock()


@replaces(dynamodb.DynamoHandler, "call_action")
def table_action(old, self):
    with TABLES:
        return old(self)


def end_with_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)


def main(fd):
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    warnings.simplefilter("ignore")  # one for each resource of a type that moto cannot make
    threading.Thread(target=end_with_parent, daemon=True).start()
    port = socket.socket(fileno=os.dup(fd)).getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    server = make_server(
        "127.0.0.1",
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=fd,
    )
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
