*** Settings ***
Documentation       Whether an NVIDIA GPU is fit to serve, and what it does under load. The rows ask the driver and put
...                 work on the GPU; they speak to no server that the run provides. Limits: `variables/gpu.yaml`.
Metadata            Target    none

Test Tags           needs:gpu
