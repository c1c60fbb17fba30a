"""Fast float paths behind the public functions, each with a plain twin it is tested against.

`path` says which way a request goes: by tables of powers of one transition (`gaps`, `lookups`), by messages
(`forward_backward`, `messages`; `background` for large vocabularies), on another device than the CPU (`device/`),
or by the plain path.  `choices` draws tokens; `compiled` is how kernels are compiled and spread over threads.
"""
